"""What Tab offers is what the program takes, and all of it."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike.cli.choices import list_of
from lookalike.cli.main import program
from lookalike.errors import SourceError
from lookalike.hashes import ALGORITHMS


def _offered(parser: Any, option: str, begun: str = "") -> list[str]:
    context = parser.make_context("verb", [], resilient_parsing=True)
    (found,) = (one for one in parser.params if option in one.opts)
    return [item.value for item in found.shell_complete(context, begun)]


def _choices(parser: Any) -> Iterator[tuple[str, list[str]]]:
    for one in parser.params:
        words = _offered(parser, one.opts[0])
        if words:
            yield one.opts[0], words


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("find", "tier algorithm group orient verify units frames truncated keep show"),
        ("clean", "tier action allow-loss algorithm"),
        ("review", "accept action tier"),
        ("export", "tier"),
        ("search", "tier algorithm orient truncated"),
        ("compare", "algorithm decode"),
        ("features", "algorithm decode"),
        ("hash", "algorithm decode filter truncated"),
        ("leaks", "orient fix-keep show"),
        ("tune", "edits algorithm"),
    ],
)
def test_options_that_take_one_of_some_words_offer_them(verb: str, options: str) -> None:
    assert {f"--{name}" for name in options.split()} <= {name for name, _ in _choices(program().commands[verb])}


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("find", ()), ("clean", ()), ("export", ("--copy-to", "out")), ("hash", ()), ("leaks", ("other", "--fix", "lists")),
        ("search", ("empty/a.jpg", "--in")),
    ],
)  # fmt: skip
def test_what_is_offered_is_taken(
    verb: str, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    parser = program().commands[verb]
    alone = {"--filter", "--decode"}  # not every hash has each
    choices = {name: words for name, words in _choices(parser) if name not in alone}
    for values in itertools.zip_longest(*choices.values()):
        given = [f"{name}={_whole(value)}" for name, value in zip(choices, values, strict=True) if value]
        with contextlib.suppress(SourceError):  # nothing is to be read; another error is one of a value
            parser.main([*more, "empty", "--no-catalog", "--quiet", *given], standalone_mode=False)


def _whole(value: str) -> str:
    """Return a value to which its argument is added, if it takes one."""
    return f"{value}x" if value.endswith(":") else value


def test_each_decoding_and_filter_is_one_of_a_hash(tmp_path: Path) -> None:
    for option, ways in (
        ("--decode", {decoding for row in ALGORITHMS.values() for decoding in row.ways}),
        ("--filter", {name for row in ALGORITHMS.values() for way in row.ways.values() for name in way.filters}),
    ):
        offered = set(_offered(program().commands["hash"], option))
        assert offered <= ways
        assert ways - offered <= {"tent", "none"}  # of what has no other


def test_a_list_is_completed_at_its_end() -> None:
    complete = list_of(["bytes", "name", "newest"])
    assert complete("") == ["bytes", "name", "newest"]
    assert complete("n") == ["name", "newest"]
    assert complete("bytes,") == ["bytes,name", "bytes,newest"]
    assert complete("bytes,name,x") == []
