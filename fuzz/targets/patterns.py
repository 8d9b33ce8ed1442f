"""Brace patterns, globs, ignore files, and names by which JSON files of Google Takeout belong to images."""

import time

from lookalike.errors import UsageError
from lookalike.globs import compiled, matching
from lookalike.sources.braces import MOST_NAMES, expand
from lookalike.sources.rules import Rules, library_of, skipped_kind
from lookalike.units import takeout
from targets.target import Run, Target, require

PATHS = (
    "p/a.jpg",
    "p/raw/a.jpg",
    "p/raw/deep/b b.png",
    "p/a\udcff.jpg",
    "p/\n.jpg",
    "p/" + "a" * 200 + ".jpg",
    "q/a.jpg",
)
MOST_SECONDS = 20.0
"""Of CPU for one input, none of which has more than some thousand signs."""


def _make(_folder: str) -> Run:
    return _run


def _run(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    started = time.process_time()
    _braces(text)
    _globs(text.split("\n"))
    _names(text)
    took = time.process_time() - started
    require(took < MOST_SECONDS, f"{took:.1f} s")


def _braces(text: str) -> None:
    try:
        names = expand(text)
    except UsageError:
        return
    require(0 < len(names) <= MOST_NAMES, len(names))
    if "{" not in text:
        require(names == [text], names)


def _globs(lines: list[str]) -> None:
    spec = None
    try:
        spec = sound = compiled(lines)
        matches = matching(lines, PATHS, ("p", "p/raw"))
    except UsageError:
        require(spec is None, "a list of globs is sound or not")
    else:
        inside = [
            sound.match_file(path[2:]) or (path.startswith("p/raw/") and sound.match_file(path[6:]))
            for path in PATHS[:-1]
        ]
        require(matches.tolist() == [*inside, False], matches)
    rules, wrong = Rules("p").below("p", lines)
    require(len(wrong) <= len(lines) and bool(wrong) >= (spec is None), wrong)
    for path in PATHS[:-1]:
        out = rules.pass_over(path, is_folder=False)
        if spec is not None:
            require(out == spec.match_file(path[2:]), (path, out))


def _names(text: str) -> None:
    names = list(takeout.names(text))
    require(names[0] == text and len(names) < 8, names)
    left = takeout.cut(text)
    require(left is None or len(left) < len(text), left)
    before = takeout.original(text)
    require(before is None or (before and len(before) < len(text)), before)
    skipped_kind(text)
    library_of(text)


def _seeds() -> list[bytes]:
    patterns = (
        "{a,b}", "x{a,{b,c}d}y", "train-{000..146}.tar", "{9..1..2}", "{a..e}{1..3}", "{1..2}" * 8, "raw/**",
        "!keep.jpg",
        "**/a*[!b-d]?.jpg", "/p/", "*.jpg\n!a.jpg\n# no\n\\#yes\ntrailing\\ ", "[[:alpha:]]", "a**b**c",
        "x.jpg.supplemental-metadata(1)",
        "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P(2).jpg", "x-bearbeitet(1).jpg", "a/b.photoslibrary/c.jpg",
    )  # fmt: skip
    return [pattern.encode() for pattern in patterns]


TARGET = Target(
    "UsageError or an answer within its bounds; lists of globs, single paths and ignore files agree; no input takes long",
    _make, _seeds,
    (b"{", b"}", b"{1..1}", b"{a,b}", b"..", b"{0..99999999999}", b"**/", b"/**", b"[", b"]", b"!", b"*a", b"\\",
    b"(1)", b".json",
     b"-edited", "\u0663".encode(), "\U0001f600".encode()),
)  # fmt: skip
