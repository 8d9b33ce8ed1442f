"""Features of pairs of images for a model: all distances, what verification says and measured, and how the files compare."""

import os
from collections import OrderedDict, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np
from blake3 import blake3

from lookalike.comparing import NAMES, Hashed, described, distances, hashed, specs_of
from lookalike.errors import DecodeError, UsageError, failure_kind
from lookalike.limiting import File, SecondLooks
from lookalike.model import MAX_PIXELS, MIN_DETAIL, HashSpec, Thumbnail, Tier
from lookalike.options import ScanOptions
from lookalike.pictures import ImageSource, contents
from lookalike.pool import workers_of
from lookalike.tables.pairs import SIDES, PairFile
from lookalike.turns import BACK
from lookalike.verdicts.confirming import Confirmed, confirm

KNOWN_AT_MOST = 4096
"""Images of which the hashes are kept, the last used: some 8 kB each."""
AHEAD = 4
"""Pairs that are begun for each worker."""
LETTERS = ("a", "b")
OF_A_FILE = ("width", "height", "frames", "detail", "quality", "format")

VERDICT: dict[str, type] = {"tier": str, "score": float, "relation": str}
MEASURED: dict[str, type] = {
    "correlation": float, "turn": int, "covered": float, "unexplained": float, "changed": float,
    "brightness_change": float, "contrast_ratio": float, "difference": float, "colour_difference": float,
    "two_exposures": bool,
}  # fmt: skip
OF_FILES: dict[str, type] = {
    **{f"{name}_{letter}": str if name == "format" else int for name in OF_A_FILE for letter in LETTERS},
    **{f"bytes_{letter}": int for letter in LETTERS},
    "pixels_ratio": float, "bytes_ratio": float, "aspect_ratio": float, "a_lacks": str, "b_lacks": str,
}  # fmt: skip
FAILED: dict[str, type] = {"failure": str, "reason": str}
UNCHANGED: dict[str, float] = {
    "turn": 1, "covered": 1.0, "unexplained": 0.0, "changed": 0.0, "brightness_change": 0.0, "contrast_ratio": 1.0,
    "difference": 0.0, "colour_difference": 0.0, "two_exposures": False,
}  # fmt: skip
"""What is known of equal pixels without measuring."""

Pair = tuple[ImageSource, ImageSource] | Mapping[str, Any]
Row = dict[str, Any]


def feature_columns(algorithms: Sequence[str] | None = None) -> dict[str, type]:
    """Name the columns that features have.

    Parameters
    ----------
    algorithms : sequence of str, optional
        Whose distances; None for all that make one hash of an image.

    Returns
    -------
    dict of str to type
        What each holds.

    Raises
    ------
    UsageError
        If an algorithm is unknown, or makes several hashes of an image.

    Examples
    --------
    >>> list(feature_columns(["phash"]))[:4]
    ['phash_distance', 'tier', 'score', 'relation']
    """
    specs = specs_of(algorithms, "full")
    return {f"{spec.algorithm}_distance": int for spec in specs} | VERDICT | MEASURED | OF_FILES | FAILED


def features(
    pairs: str | os.PathLike[str] | PairFile | Iterable[Pair],
    *,
    algorithms: Sequence[str] | None = None,
    decoding: str = "full",
    workers: int | None = None,
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
) -> Generator[Row, None, None]:
    """Compute features of pairs of images, row by row as they are asked for.

    Parameters
    ----------
    pairs : path, or iterable of pairs
        A CSV or Parquet file with the columns path_a and path_b, absolute or relative to its folder; or pairs of images (path,
        bytes, file object, PIL.Image.Image or ndarray), or mappings with the keys path_a and path_b. Whatever else a row holds
        is handed on.
    algorithms : sequence of str, optional
        Whose distances; None for all that make one hash of an image.
    decoding : str
        full (as ``imagehash``) or fast (as `find`), for the distances; algorithms that do not know it use their own.
    workers : int, optional
        How many pairs are looked at at a time; None for one per core.
    max_pixels, max_seconds, max_memory
        As for `lookalike.find`.

    Yields
    ------
    dict
        In the order of the pairs: what the row held, then the features of `feature_columns`. Where an image cannot be read they
        are None, but for ``failure`` and ``reason``.

    Raises
    ------
    UsageError
        If an option does not fit, a file has no such columns, or one of its columns has the name of a feature.

    Examples
    --------
    >>> from PIL import Image
    >>> ramp = Image.linear_gradient("L")
    >>> next(features([(ramp, ramp.rotate(180))], algorithms=["dhash_vertical"]))["dhash_vertical_distance"]
    64
    """
    columns, specs = feature_columns(algorithms), specs_of(algorithms, decoding)
    workers = workers_of(workers)
    if isinstance(pairs, (str, os.PathLike)):
        pairs = PairFile(os.fspath(pairs))
    if isinstance(pairs, PairFile):
        pairs.check(*SIDES)
        if taken := [name for name in pairs.columns if name in columns]:
            raise UsageError(f"{pairs.path} has a column {taken[0]}, which features add: rename it")
    options = ScanOptions(max_pixels=max_pixels, max_seconds=max_seconds, max_memory=max_memory)
    seen = _Seen(specs, SecondLooks(options, workers=workers))
    return _rows(_given(pairs), columns, seen, workers)


def _given(pairs: PairFile | Iterable[Pair]) -> Iterator[tuple[Row, tuple[ImageSource, ImageSource]]]:
    """Yield what a row holds, and its two images."""
    if isinstance(pairs, PairFile):
        for number, row in pairs:
            sides = [row[name] for name in SIDES]
            if not all(isinstance(side, str) and side for side in sides):
                raise UsageError(f"{pairs.where(number)}: path_a and path_b must be texts that are not empty")
            yield row, (pairs.beside(sides[0]), pairs.beside(sides[1]))
        return
    for pair in pairs:
        if isinstance(pair, Mapping):
            if lacking := [name for name in SIDES if name not in pair]:
                raise UsageError(f"a pair that is a mapping needs {' and '.join(SIDES)}; one lacks {lacking[0]}")
            yield dict(pair), (pair["path_a"], pair["path_b"])
        else:
            one, other = pair
            said = zip(SIDES, (one, other), strict=True)
            yield {name: os.fspath(side) for name, side in said if isinstance(side, (str, os.PathLike))}, (one, other)


def _rows(
    given: Iterator[tuple[Row, tuple[ImageSource, ImageSource]]],
    columns: Mapping[str, type],
    seen: "_Seen",
    workers: int,
) -> Generator[Row, None, None]:
    waiting: deque[tuple[Row, Future[Row]]] = deque()
    nothing = dict.fromkeys(columns)
    with ThreadPoolExecutor(workers) as threads:
        try:
            for row, sides in given:
                waiting.append((row, threads.submit(seen.pair, *sides)))
                if len(waiting) >= AHEAD * workers:
                    first, future = waiting.popleft()
                    yield first | nothing | future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first | nothing | future.result()
        finally:  # nobody asks for the others
            threads.shutdown(wait=True, cancel_futures=True)


class _Seen:
    """Images that were seen, so that the hashes of each are made once however many pairs it is in."""

    def __init__(self, specs: Sequence[HashSpec], looks: SecondLooks) -> None:
        self._specs, self._looks = specs, looks
        self._known: OrderedDict[bytes, Future[Hashed]] = OrderedDict()
        self._lock = Lock()

    def pair(self, one: ImageSource, other: ImageSource) -> Row:
        """Return the features of a pair."""
        files, images = [], []
        for name, side in zip(SIDES, (one, other), strict=True):
            try:
                files.append(contents(side))
                images.append(self._image(files[-1]))
            except (OSError, DecodeError) as error:
                kind = error.kind if isinstance(error, DecodeError) else failure_kind(error)
                reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
                return {"failure": kind, "reason": f"{name}: {reason}"}
        try:
            return self._features((files[0], files[1]), (images[0], images[1]))
        except DecodeError as error:  # of a further frame, or of what the thumbnail needs less than all of
            return {"failure": error.kind, "reason": str(error)}

    def _features(self, files: tuple[File, File], images: tuple[Hashed, Hashed]) -> Row:
        one, other = images
        found = self._looks(confirm, *files, orient="all", max_pixels=self._looks.options.max_pixels)
        row: Row = {f"{made.algorithm}_distance": made.distance for made in distances(self._specs, one, other)}
        row |= {"tier": found.tier.name.lower(), "score": found.score, "relation": found.relation}
        row |= _measured(described(found, files), found, one.thumbnail, other.thumbnail)
        for letter, image in zip(LETTERS, images, strict=True):
            row |= {f"{name}_{letter}": getattr(image.thumbnail, name) for name in OF_A_FILE}
            row[f"bytes_{letter}"] = image.size
        pixels = [image.thumbnail.width * image.thumbnail.height for image in images]
        shape = [image.thumbnail.width / image.thumbnail.height for image in images]
        row |= {
            "pixels_ratio": pixels[1] / pixels[0],
            "bytes_ratio": other.size / one.size,
            "aspect_ratio": shape[1] / shape[0],
        }
        return row | {f"{letter}_lacks": ",".join(lacks) for letter, lacks in zip(LETTERS, found.lacks, strict=True)}

    def _image(self, file: File) -> Hashed:
        digest = blake3(file[0]).digest()
        with self._lock:
            known = self._known.get(digest)
            mine = known is None
            if known is None:
                known = self._known[digest] = Future()
                while len(self._known) > KNOWN_AT_MOST:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(digest)
        if mine:
            try:
                most = self._looks.options.max_pixels
                known.set_result(self._looks(hashed, file, specs=self._specs, max_pixels=most))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
                known.set_exception(error)
        return known.result()


def _measured(evidence: Mapping[str, Any], found: Confirmed, one: Thumbnail, other: Thumbnail) -> Row:
    """Return what verification measured, the first image on the left whichever it was measured from."""
    row: Row = {"correlation": _correlation(one, other)}
    if found.tier is Tier.EXACT:
        return row | UNCHANGED
    if not evidence.get("tiles"):  # the one does not lie in the other, so that nothing could be compared
        return row
    inner = NAMES.index(evidence["inner"])
    level, contrast = (
        [evidence[name]["inner" if side == inner else "outer"] for side in (0, 1)]
        for name in ("brightness", "contrast")
    )
    (across, slant, _), (lean, down, _) = evidence["map"]
    return row | {
        "turn": BACK[evidence["turn"]] if found.left else evidence["turn"],
        "covered": abs(across * down - slant * lean), "unexplained": evidence["unexplained"],
        "changed": evidence["changed"] / evidence["tiles"],
        "brightness_change": level[1] - level[0], "contrast_ratio": contrast[1] / contrast[0] if contrast[0] else None,
        "difference": evidence["difference"], "colour_difference": evidence["colour"],
        "two_exposures": evidence["two_exposures"],
    }  # fmt: skip


def _correlation(one: Thumbnail, other: Thumbnail) -> float | None:
    """Return how the brightness of the thumbnails goes together, -1..1; None where one is flat."""
    if min(one.detail, other.detail) < MIN_DETAIL:
        return None
    left, right = (made.luma.astype(np.int64).ravel() for made in (one, other))
    count = len(left)
    both, own = (
        count * (left @ right) - left.sum() * right.sum(),
        [count * (x @ x) - x.sum() ** 2 for x in (left, right)],
    )
    return float(both / np.sqrt(float(own[0]) * float(own[1]))) if all(own) else None
