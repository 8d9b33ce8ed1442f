"""What a search is near to, against plain NumPy over every picture; and the same index made in three ways."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

import lookalike as la
from conftest import aged, encode, scene
from lookalike import bits
from lookalike.decode import decode
from lookalike.hashes import hash_block
from lookalike.hashes.borders import trim_boxes, trimmed, within
from lookalike.model import HashSpec, Orient
from lookalike.turns import turned

PICTURES = 24
TURNED = {"upright": (1,), "mirror": (1, 2), "all": tuple(range(1, 9))}


def pictures() -> dict[str, bytes]:
    """Return files by name: pictures, and copies of some with a border, turned, and of other sizes."""
    made = {f"{seed:02}.png": encode(scene(seed, 160, 120), "PNG") for seed in range(PICTURES)}
    for seed in range(0, PICTURES, 3):
        made[f"{seed:02}-border.png"] = encode(ImageOps.expand(scene(seed, 160, 120), 20, "white"), "PNG")
        made[f"{seed:02}-turned.jpg"] = encode(scene(seed, 160, 120).transpose(Image.Transpose.ROTATE_90))
        made[f"{seed:02}-mirrored.jpg"] = encode(ImageOps.mirror(scene(seed, 160, 120)), quality=70)
        made[f"{seed:02}-small.jpg"] = encode(scene(seed, 160, 120).resize((97, 73)), quality=60)
    return made


FILES = pictures()
SPECS = {("phash", 8): HashSpec("phash", 8), ("dhash", 16): HashSpec("dhash", 16)}


def hashes_of(data: bytes, spec: HashSpec) -> list[tuple[int, np.ndarray]]:
    """Return orientation and hash of a file as a whole and within its border, in all turns."""
    luma = decode(data).luma[np.newaxis]
    made = [(way, hash_block(turned(luma, way), spec)) for way in TURNED["all"]]
    box = within(trim_boxes(luma))
    if (box != [0, 0, 64, 64]).any():
        made.append((1, hash_block(trimmed(luma, box), spec)))
    return made


KNOWN = {
    (key, name): hashes_of(data, spec) for key, spec in SPECS.items() for name, data in FILES.items()
}  # fmt: skip


def by_brute_force(query: str, key: tuple[str, int], radius: int, orient: str) -> dict[str, int]:
    """Return what is near, with its least distance, by comparing everything with everything."""
    found = {}
    for name in FILES:
        own = [block for way, block in KNOWN[key, name] if way == 1]
        asked = [block for way, block in KNOWN[key, query] if way in TURNED[orient]]
        least = min(int(bits.distance(one, other)[0]) for one in own for other in asked)
        if least <= radius:
            found[name] = least
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pictures")
    for name, data in FILES.items():
        (place / name).write_bytes(data)
        aged(place / name)  # the catalog keeps no name of what has only just changed
    return place


@pytest.fixture(scope="module", params=list(SPECS))
def indexes(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[tuple[str, int], list[la.Index]]]:
    """One index of each kind: of a folder, of the catalog that this made, and filled by hand."""
    algorithm, size = request.param
    catalog = folder.parent / f"{folder.name}-{algorithm}.sqlite"
    spec = {"algorithm": algorithm, "size": size, "workers": 1}
    made = [la.Index.of(folder, catalog=catalog, **spec), la.Index.open(catalog, **spec), la.Index(**spec)]
    for name, data in FILES.items():
        assert made[2].add(data, name) == name
    yield request.param, made
    for index in made:
        index.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=st.sampled_from(sorted(FILES)), share=st.floats(0, 0.5), orient=st.sampled_from(get_args(Orient)))
def test_what_is_within_the_radius_is_what_brute_force_finds(
    indexes: tuple[tuple[str, int], list[la.Index]], query: str, share: float, orient: Orient
) -> None:
    key, made = indexes
    radius = int(share * SPECS[key].bits)
    wanted = by_brute_force(query, key, radius, orient)
    told = []
    for index in made:
        hits = index.search(FILES[query], radius=radius, tier="none", orient=orient)
        assert {Path(hit.path).name: hit.distance for hit in hits} == wanted
        assert all(hit.share == hit.distance / index.spec.bits for hit in hits)
        assert [(hit.tier, hit.distance, -hit.score) for hit in hits] == sorted(
            (hit.tier, hit.distance, -hit.score) for hit in hits
        )
        told.append({Path(hit.path).name: hit for hit in hits})
    for name in wanted:  # files say the same whichever way they came in
        one, other = told[0][name], told[1][name]
        assert (one.tier, one.score, one.relation) == (other.tier, other.score, other.relation)
    assert hits[:3] == index.search(FILES[query], radius=radius, tier="none", orient=orient, limit=3)


def test_the_picture_itself_is_exact_and_its_copies_are_copies(indexes: tuple[tuple[str, int], list[la.Index]]) -> None:
    _, made = indexes
    for index in made[:2]:
        assert len(index) == len(FILES)
        hits = {Path(hit.path).name: hit for hit in index.search(FILES["03.png"], orient="all")}
        assert (hits["03.png"].tier, hits["03.png"].distance, hits["03.png"].relation) == (
            la.Tier.EXACT, 0, "identical bytes",
        )  # fmt: skip
        assert hits["03-turned.jpg"].tier is hits["03-mirrored.jpg"].tier is la.Tier.COPY
        assert hits["03-turned.jpg"].relation.startswith("rotated 270")
        assert "mirrored" in hits["03-mirrored.jpg"].relation
        assert hits["03-border.png"].tier is la.Tier.EDIT
