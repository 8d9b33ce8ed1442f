"""Pairs judged by what is known of each by itself, as a cluster has it: the same hints and verdicts as from the catalog."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from conftest import encode, scene
from lookalike import verify
from lookalike.candidates.hinting import Ways, hints_of, nearest_ways
from lookalike.candidates.proposing import propose
from lookalike.model import HashSpec, Orient, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.scan.variants import VARIANTS, sorts
from lookalike.verdicts.judging import Judge, pictures_of
from lookalike.verdicts.verifying import in_order, judge_thumbnails, precedence
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures

Column = NDArray[np.int64]
Luma = NDArray[np.uint8]


def shot(seed: int, fraction: str, quality: int) -> bytes:
    tags = Image.Exif()
    tags.update({ExifTags.Base.Make: "Maker", ExifTags.Base.Model: "One"})
    moment: dict[int, str] = {
        ExifTags.Base.DateTimeOriginal: "2021:07:14 10:00:00",
        ExifTags.Base.SubsecTimeOriginal: fraction,
    }
    tags.get_ifd(ExifTags.IFD.Exif).update(moment)
    buffer = io.BytesIO()
    scene(seed).save(buffer, "JPEG", quality=quality, exif=tags)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(3):
        whole = scene(seed, 480, 400)
        pictures = {
            "whole": whole,
            "mirrored": ImageOps.mirror(whole).resize((300, 250)),
            "turned": whole.transpose(Image.Transpose.ROTATE_90),
            "large": whole.crop((0, 0, 430, 360)),
            "small": whole.crop((40, 60, 400, 360)),
            "framed": ImageOps.expand(whole, 60, "black"),
        }
        for name, picture in pictures.items():
            (tmp_path / f"{seed}-{name}.jpg").write_bytes(encode(picture, quality=90))
    for fraction, quality in (("120", 90), ("480", 80)):
        (tmp_path / f"shot-{fraction}.jpg").write_bytes(shot(7, fraction, quality))
    return tmp_path


def hashed(luma: Luma, spec: HashSpec, variant: str, each: int) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return hashes by picture, and which have them."""
    owner, block = VARIANTS[variant](luma, spec)
    made, having = np.zeros((len(luma), each, block.shape[1]), np.uint64), np.zeros(len(luma), np.bool_)
    having[owner] = True
    made[having] = block.reshape(having.sum(), -1, block.shape[1])[:, :each]
    return made, having


def ways(luma: Luma, options: FindOptions, items: Column, others: Column) -> list[Ways]:
    found = []
    for sort in sorts(options):
        if not sort.crossed:
            continue
        made, _ = hashed(luma, sort.spec, sort.variant, sort.hashes)
        for variant in ("plain", "trimmed") if sort.variant == "turned" else ("plain",):
            other, having = hashed(luma, sort.spec, variant, 1)
            found.append(nearest_ways(made[items], other[others, 0], sort.radius, sort.variant, having[others]))
    return found


@pytest.mark.parametrize(("orient", "crops"), [("upright", False), ("mirror", True), ("all", True)])
def test_hints_and_verdicts_need_no_catalog(folder: Path, orient: Orient, *, crops: bool) -> None:
    options = FindOptions(orient=orient, crops=crops, tier=Tier.SIMILAR)
    with open_catalog(None) as store, ThreadPoolExecutor(1) as threads:
        images = scan([str(folder)], [], store, options.spec, ScanOptions(), workers=1).images
        content, image = np.unique(images.content, return_index=True)
        facts = images.facts
        luma, chroma = store.thumbnails(facts.id)
        proposals = propose(content, np.ones(len(content), np.bool_), facts.id, store, options, threads=1)
        judge = Judge(images, content, image, proposals, store, options, threads)
        some, more = (side.astype(np.int64) for side in np.triu_indices(len(content), 1))
        left, right = in_order(precedence(facts.width * facts.height, facts.digest), some, more)
        assert all(map(np.array_equal, (left, right), judge.ordered(more, some)))

        def hints(rows: slice) -> verify.Hints | None:
            one, other = left[rows], right[rows]
            return hints_of(ways(luma, options, one, other), ways(luma, options, other, one))

        own, known = hints(slice(None)), proposals.hints(left, right)
        assert own is not None
        assert known is not None
        for name in verify.Hints.__slots__:
            assert np.array_equal(getattr(own, name), getattr(known, name)), name

        def shown(rows: Column) -> Pictures:
            return pictures_of(luma[rows], chroma[rows], facts.width[rows], facts.height[rows])

        found = judge_thumbnails(shown, left, right, Exposures(facts), (left, right), threads, hints)()
        tier, score = judge(some, more)
        sure = found.doubt == verify.Doubt.NONE
        assert np.array_equal(found.tier[sure], tier[sure])
        assert np.array_equal(found.score[sure], score[sure])
        assert {Tier.EDIT, Tier.NONE} <= set(tier[sure].tolist())
        two = np.flatnonzero(found.evidence["two_exposures"])
        assert [Path(images.path[image[at]]).name[:5] for at in (left[two[0]], right[two[0]])] == ["shot-"] * 2
        assert (found.tier[two] == Tier.SIMILAR).all()
        assert (tier[two] == Tier.SIMILAR).all()
        judge.flush()
