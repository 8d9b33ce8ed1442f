"""Candidates to verdicts: pairs of items are verified on their thumbnails and, where these leave doubts, on the files."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lookalike import decode, limiting, verify
from lookalike.candidates.proposing import Proposals
from lookalike.columns import Images
from lookalike.errors import DecodeError
from lookalike.hashes.borders import trim_boxes, trimmed, within
from lookalike.limiting import SecondLooks
from lookalike.model import CHROMA_SIDE, Tier
from lookalike.options import FindOptions
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog
from lookalike.verdicts.verifying import Shown, Verdict, in_order, judge_thumbnails, one_ahead, precedence, verify_parts
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures

PAIRS_AT_ONCE = 4096
PIXEL_PAIRS, PIXEL_PAIRS_PER_THREAD = 256, 32
"""Pairs whose files are decoded at once, and how many of these a thread verifies at a time."""
FLUSH_PAIRS = 1 << 16
PIXEL_SIDE = 256
"""Side of the planes that files are decoded to."""


def pictures_of(
    luma: NDArray[np.uint8], chroma: NDArray[np.uint8], width: NDArray[np.int64], height: NDArray[np.int64]
) -> Pictures:
    """Prepare thumbnails for verification.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Brightness.
    chroma : ndarray of uint8, shape (n, 8, 8, 2)
        Cb and Cr.
    width, height : ndarray of int64, shape (n,)
        Upright size in pixels.

    Returns
    -------
    Pictures
        With what borders surround.
    """
    box = within(trim_boxes(luma))
    return Pictures(luma, chroma, width, height, box, trimmed(luma, box))


def finer(small: Pictures, luma: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> Pictures:
    """Put finer planes in the place of thumbnails.

    Parameters
    ----------
    small : Pictures
        Thumbnails.
    luma : ndarray of uint8, shape (n, side, side)
        Brightness of the same pictures.
    chroma : ndarray of uint8, shape (n, 8, 8, 2)
        Their Cb and Cr.

    Returns
    -------
    Pictures
        With the same borders.
    """
    return Pictures(luma, chroma, small.width, small.height, small.box, trimmed(luma, small.box))


def settle(found: verify.Verdicts, rows: NDArray[np.int64], closer: verify.Verdicts) -> None:
    """Put what a closer look says in the place of what thumbnails said.

    Blur shows more the closer one looks: what thumbnails were sure of is the same picture still, if no longer a copy.

    Parameters
    ----------
    found : Verdicts
        Of thumbnails; changed in place.
    rows : ndarray of int64, shape (m,)
        Which were looked at again.
    closer : Verdicts
        What came of it, one row each.
    """
    better = (found.doubt[rows] == verify.Doubt.SAME) | (found.tier[rows] > Tier.EDIT) | (closer.tier <= Tier.EDIT)
    found.tier[rows[~better]] = Tier.EDIT
    for name in verify.Verdicts.__slots__:
        getattr(found, name)[rows[better]] = getattr(closer, name)[better]


class Judge:
    """Verify pairs of items, remembering verdicts in the catalog.

    Parameters
    ----------
    images : Images
        Where the files are.
    content : ndarray of int64, shape (n,)
        Content of each item.
    image : ndarray of int64, shape (n,)
        An image of each item, to be read where pixels are wanted.
    proposals : Proposals
        How to look at pairs.
    store : Catalog
        Where thumbnails and verdicts are kept.
    options : FindOptions
        How thoroughly to verify, and what was proposed.
    threads : ThreadPoolExecutor
        Who does the work.
    closer : ThreadPoolExecutor, optional
        Who looks at files, which then does not wait until the pairs that have begun meanwhile are done; None for the same.
    looks : SecondLooks, optional
        Who looks at files again; its options say which are accepted. None for the usual ones.
    reader : Reader, optional
        Who reads the files again; None for one that goes by their paths.
    frames : tuple of two ndarrays of int64, shape (n,), optional
        Which frame of its file each item is, and the content of that file; None where all are first frames.
    """

    def __init__(
        self,
        images: Images,
        content: NDArray[np.int64],
        image: NDArray[np.int64],
        proposals: Proposals,
        store: Catalog,
        options: FindOptions,
        threads: ThreadPoolExecutor,
        *,
        closer: ThreadPoolExecutor | None = None,
        looks: SecondLooks | None = None,
        reader: Reader | None = None,
        frames: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:
        facts = images.facts
        self._frame, files = frames or (np.zeros(len(content), np.int64), content)
        self._ids = facts.id[content]
        self._width, self._height = facts.width[content], facts.height[content]
        self._path = [images.path[row] for row in image.tolist()]
        # The verdict must not depend on which of two items comes first in keep order, which options choose.
        self._rank = precedence(self._width * self._height, [facts.digest[row] for row in content.tolist()])
        self._digest, self._size = [facts.digest[row] for row in files.tolist()], facts.size[files]
        self._content, self._exposures = content, Exposures(facts)
        self._proposals, self._store, self._reader = proposals, store, reader or Reader()
        self._threads, self._closer = threads, closer or threads
        self._pixels = options.verify == "pixels"
        # What is accepted decides whether a file is decoded, not to what; verdicts that lack a file are not stored.
        self._looks = looks or SecondLooks()
        hints = f"{options.orient}{'-crops' * options.crops}/{options.spec.id}/{options.radius}"
        self._step = f"{options.verify}-{verify.STEP}/{decode.VERSION}/{hints}"
        self._fresh: list[tuple[NDArray[np.int64], NDArray[np.int64], verify.Verdicts]] = []
        self._waiting = 0
        self.asked: Counter[str] = Counter()
        """How many pairs were asked about, known, verified, and verified on the files."""
        self._passing: dict[tuple[int, int], tuple[int, int, bytes]] = {}
        """Tier, score and evidence of pairs of which a file was to be looked at and could not be: good for this run only."""

    def __call__(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Verdict:
        """Verify pairs.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        tier : ndarray of uint8, shape (n,)
            `Tier` values.
        score : ndarray of int64, shape (n,)
            Thousandths.
        """
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        parts = [slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(left), PAIRS_AT_ONCE)]
        begun = (self._judge(*self.ordered(left[rows], right[rows])) for rows in parts)
        for rows, verdict in zip(parts, one_ahead(begun), strict=True):
            tier[rows], score[rows] = verdict
        return tier, score

    def ordered(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs in the order in which they are verified.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        left, right : ndarray of int64, shape (n,)
            The same pairs; of each, the item with more pixels first, of equals that of the lesser digest.
        """
        return in_order(self._rank, left, right)

    def evidence(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> verify.Evidence:
        """Return what verdicts were made from.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items, in the order of `ordered`.

        Returns
        -------
        ndarray of `lookalike.verify.EVIDENCE`, shape (n,)
            All zero for a pair without a verdict.

        Raises
        ------
        CatalogError
            If what was kept cannot be what was measured.
        """
        self.flush()
        made = np.zeros(len(left), verify.EVIDENCE)
        for start in range(0, len(left), PAIRS_AT_ONCE):
            rows = np.arange(start, min(start + PAIRS_AT_ONCE, len(left)))
            of = self._ids[left[rows]], self._ids[right[rows]]
            known, found = self._store.evidence(*of, self._step, verify.EVIDENCE.itemsize)
            read = found.view(verify.EVIDENCE)[:, 0]
            if not verify.is_sound(read):
                raise self._store.damaged("evidence of pairs is none")
            made[rows[known]] = read
        for row, (_, _, evidence) in self._passing_of(left, right):
            made[row] = np.frombuffer(evidence, verify.EVIDENCE)[0]
        if not made["side"].all():  # there is none, or a damaged page hides it
            self._store.check("pair")
        return made

    def flush(self) -> None:
        """Store the verdicts made since the last flush."""
        with self._store.transaction():
            for left, right, found in self._fresh:
                evidence: list[bytes | None] = [None] * len(left)
                for row in np.flatnonzero(found.tier < Tier.NONE).tolist():
                    evidence[row] = found.evidence[row].tobytes()
                self._store.add_pairs(self._ids[left], self._ids[right], found.tier, found.score, self._step, evidence)
        self._fresh, self._waiting = [], 0

    def _judge(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Callable[[], Verdict]:
        """Begin to verify pairs, but for those with a verdict; return what waits for it."""
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        known, tier[known], score[known] = self._store.pairs(self._ids[left], self._ids[right], self._step)
        passing = self._passing_of(left, right)
        for row, verdict in passing:
            tier[row], score[row], _ = verdict
        new = np.setdiff1d(np.arange(len(left)), [*known.tolist(), *(row for row, _ in passing)])
        verified = self._verify(left[new], right[new]) if len(new) else None
        self.asked.update(pairs=len(left), known=len(left) - len(new), verified=len(new))

        def finish() -> Verdict:
            if verified is not None:
                found, settled = verified()
                tier[new], score[new] = found.tier, found.score
                self._remember(left[new], right[new], found, settled)
                if self._waiting >= FLUSH_PAIRS:
                    self.flush()
            return tier, score

        return finish

    def _passing_of(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> list[tuple[int, tuple[int, int, bytes]]]:
        """Return the rows of pairs with a verdict for this run only, and these."""
        if not self._passing:
            return []
        found = map(self._passing.get, zip(left.tolist(), right.tolist(), strict=True))
        return [(row, passing) for row, passing in enumerate(found) if passing is not None]

    def _remember(
        self, left: NDArray[np.int64], right: NDArray[np.int64], found: verify.Verdicts, settled: NDArray[np.bool_]
    ) -> None:
        """Keep verdicts: those that are settled to be stored, the others until the run is over."""
        for row in np.flatnonzero(~settled).tolist():
            verdict = int(found.tier[row]), int(found.score[row]), found.evidence[row].tobytes()
            self._passing[int(left[row]), int(right[row])] = verdict
        kept = verify.Verdicts(*(getattr(found, name)[settled] for name in verify.Verdicts.__slots__))
        self._fresh.append((left[settled], right[settled], kept))
        self._waiting += int(settled.sum())

    def _verify(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> Callable[[], tuple[verify.Verdicts, NDArray[np.bool_]]]:
        """Begin to verify pairs that nobody has verified before; the end says which verdicts another look could not change."""
        items, at = np.unique(np.concatenate([left, right]), return_inverse=True)
        items, at = items[np.argsort(self._ids[items])], np.argsort(np.argsort(self._ids[items]))[at]
        luma, chroma = self._store.thumbnails(self._ids[items])
        one, other = at[: len(left)], at[len(left) :]

        def shown(rows: NDArray[np.int64]) -> Pictures:
            return pictures_of(luma[rows], chroma[rows], self._width[items[rows]], self._height[items[rows]])

        def hints(rows: slice) -> verify.Hints | None:
            return self._proposals.hints(left[rows], right[rows])

        contents = self._content[left], self._content[right]
        verified = judge_thumbnails(shown, one, other, self._exposures, contents, self._threads, hints)

        def finish() -> tuple[verify.Verdicts, NDArray[np.bool_]]:
            found = verified()
            doubtful = np.flatnonzero(
                (found.evidence["two_exposures"] == 0)
                & ((found.doubt > verify.Doubt.NONE) | (self._pixels & (found.tier < Tier.NONE)))
            )
            settled = np.ones(len(left), np.bool_)
            settled[doubtful] = self._look_closer(found, doubtful, shown, items, (one, other), (left, right))
            return found, settled

        return finish

    def _look_closer(
        self,
        found: verify.Verdicts,
        rows: NDArray[np.int64],
        shown: Shown,
        items: NDArray[np.int64],
        at: tuple[NDArray[np.int64], NDArray[np.int64]],
        pair: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> NDArray[np.bool_]:
        """Verify some pairs again on their files and say which; the others, lacking a file, keep their verdict."""
        seen = np.zeros(len(rows), np.bool_)
        for start in range(0, len(rows), PIXEL_PAIRS):
            part = rows[start : start + PIXEL_PAIRS]
            needed, place = np.unique(np.concatenate([at[0][part], at[1][part]]), return_inverse=True)
            planes = list(self._closer.map(self._planes, items[needed].tolist()))
            readable = np.array([both is not None for both in planes])
            nothing = np.zeros((PIXEL_SIDE, PIXEL_SIDE), np.uint8), np.zeros((CHROMA_SIDE, CHROMA_SIDE, 2), np.uint8)
            luma, chroma = (np.stack([(both or nothing)[which] for both in planes]) for which in (0, 1))
            one, other = place[: len(part)], place[len(part) :]
            kept = readable[one] & readable[other]
            seen[start : start + PIXEL_PAIRS] = kept
            self.asked["files"] += int(kept.sum())
            part, one, other = part[kept], one[kept], other[kept]
            if not len(part):
                continue
            fine = finer(shown(needed), luma, chroma)

            def hints(rows: slice, part: NDArray[np.int64] = part) -> verify.Hints | None:
                return self._proposals.hints(pair[0][part[rows]], pair[1][part[rows]])

            settle(found, part, verify_parts(fine.take, one, other, self._closer, PIXEL_PAIRS_PER_THREAD, hints)())
        return seen

    def _planes(self, item: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """Decode the file of an item, if it is still there, still what was scanned, and can be."""
        data = self._reader.same(self._path[item], int(self._size[item]), self._digest[item])
        if data is None:
            return None
        accepted = self._looks.options
        try:
            return self._looks(
                limiting.planes, (data, self._path[item]), side=PIXEL_SIDE, number=int(self._frame[item]),
                truncated=accepted.truncated == "accept", max_pixels=accepted.max_pixels,
            )  # fmt: skip
        except (DecodeError, MemoryError):
            return None
