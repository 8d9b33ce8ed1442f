"""Files to candidates and verdicts, by the stages that `find` goes through."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.candidates.proposing import Proposals, propose
from lookalike.columns import Facts
from lookalike.model import MIN_DETAIL, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.stores.catalog import Catalog
from lookalike.verdicts.judging import Judge, pictures_of
from lookalike.verify.views import Pictures

Column = NDArray[np.int64]


@dataclass
class Judged:
    """Files of a folder, ready to be verified in pairs; `name[i]` is the file of item i."""

    name: list[str]
    judge: Judge
    proposals: Proposals
    scan_seconds: float
    join_seconds: float
    store: Catalog
    facts: Facts
    content: Column

    def pictures(self, items: Column) -> Pictures:
        """Return the thumbnails of some items, to be verified without anything around."""
        rows = self.content[items]
        order = np.argsort(self.facts.id[rows])
        luma, chroma = self.store.thumbnails(self.facts.id[rows][order])
        back = np.argsort(order)
        return pictures_of(luma[back], chroma[back], self.facts.width[rows], self.facts.height[rows])

    def verdicts(self, left: Column, right: Column) -> tuple[NDArray[np.uint8], float]:
        """Verify pairs; return their tiers and the seconds that took."""
        started = time.perf_counter()
        tier = np.full(len(left), Tier.EXACT, np.uint8)
        other = left != right  # equal bytes are one item
        tier[other] = self.judge(np.minimum(left, right)[other], np.maximum(left, right)[other])[0]
        return tier, time.perf_counter() - started

    def candidates(self, owner: Column) -> tuple[Column, Column]:
        """Return the candidate pairs whose items have different owners."""
        lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for item in range(len(self.name)):
            near = self.proposals.candidates.near(item)
            near = near[(near > item) & (owner[near] != owner[item])]
            lefts.append(np.full(len(near), item))
            rights.append(near)
        return np.concatenate(lefts), np.concatenate(rights)

    def is_candidate(self, left: Column, right: Column) -> NDArray[np.bool_]:
        """Say which pairs the join proposes."""
        near = {item: set(self.proposals.candidates.near(item).tolist()) for item in np.unique(left).tolist()}
        return np.array([b in near[a] or a == b for a, b in zip(left.tolist(), right.tolist(), strict=True)], np.bool_)


@contextmanager
def judged(folders: list[Path], options: FindOptions, *, workers: int) -> Iterator[tuple[Judged, dict[str, int]]]:
    """Scan folders and propose pairs; offer them with the item of each path while the body runs."""
    with open_catalog(None) as store, ThreadPoolExecutor(workers) as threads:
        started = time.perf_counter()
        roots = [os.fspath(folder) for folder in folders]
        images = scan(roots, [], store, options.spec, ScanOptions(), workers=workers).images
        scanned = time.perf_counter()
        content, first = np.unique(images.content, return_index=True)
        joined = images.facts.detail[content] >= MIN_DETAIL
        proposals = propose(content, joined, images.facts.id, store, options, threads=workers)
        done = time.perf_counter()
        judge = Judge(images, content, first, proposals, store, options, threads)
        item = np.searchsorted(content, images.content)
        seconds = scanned - started, done - scanned
        names = [images.path[row] for row in first.tolist()]
        made = Judged(names, judge, proposals, *seconds, store, images.facts, content)
        yield made, dict(zip(images.path, item.tolist(), strict=True))
