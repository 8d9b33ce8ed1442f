"""Files of other bytes and the same pixels are one group at tier exact; whatever differs in a pixel is not."""

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import lookalike as la
from conftest import encode, scene
from lookalike import decode
from lookalike.keep import rank
from lookalike.matches.twins import twins
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, MIN_DETAIL, Tier, Truncated
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.scan.variants import hash_words
from lookalike.sources.reading import Reader
from pixel_files import EQUAL, FEW, GRAY, PHOTO, animated, changed, motion, turned

WHITE = Image.new("RGB", (2000, 2000), "white")
MTIME = 1_600_000_000


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (MTIME, MTIME))
    return folder


def overwrite(path: Path) -> None:
    """Put other bytes under the old size and time: whoever opens the file sees no picture."""
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, (MTIME, MTIME))


def grouped(findings: la.Findings) -> set[frozenset[str]]:
    return {frozenset(os.path.basename(member.ref.path) for member in group.members) for group in findings.groups}


def exact(folder: Path, workers: int = 1, catalog: Path | None = None) -> set[frozenset[str]]:
    """Return the groups at tier exact."""
    return grouped(la.find(folder, tier="exact", workers=workers, catalog=catalog, use_catalog=catalog is not None))


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of what is decoded as a whole in this process, as it happens."""
    seen: list[str] = []
    whole = decode.pixels_of

    def counted(data: bytes, name: str, *, max_pixels: int) -> decode.Pixels:
        seen.append(os.path.basename(name))
        return whole(data, name, max_pixels=max_pixels)

    monkeypatch.setattr(decode, "pixels_of", counted)
    return seen


@pytest.mark.parametrize("what", EQUAL)
def test_containers_of_the_same_pixels_are_exact(what: str, tmp_path: Path) -> None:
    files = {f"{at}.tga": make() for at, make in enumerate(EQUAL[what])}  # the one format that only its name tells
    fill(tmp_path, {**files, "other.png": encode(scene(9, *PHOTO.size), "PNG")})
    findings = la.find(tmp_path, use_catalog=False, workers=1)
    assert grouped(findings) == {frozenset(files)} == exact(tmp_path)
    (group,) = findings.groups
    for member in group.members[1:]:
        assert (member.tier, member.score) == (Tier.EXACT, 1.0)
        assert member.keeper_lacks == (("timing",) if what == "pages" else ())  # an animation, and its frames as pages
        assert member.keeper == group.keeper.ref.path
        assert member.relation.startswith("identical pixels (")
    assert findings.stats["by_tier"]["exact"] == findings.stats["duplicates"] == len(files) - 1


def page(number: int) -> Image.Image:
    """Draw a page with nothing on it but a faint number."""
    drawn = WHITE.copy()
    ImageDraw.Draw(drawn).text((980, 1960), f"{number}", fill=(250, 250, 250), font_size=9)
    return drawn


FLAT: dict[str, Callable[[], bytes]] = {
    "white.png": lambda: encode(WHITE, "PNG"),
    "white.bmp": lambda: encode(WHITE, "BMP"),
    "one pixel.png": lambda: encode(changed(WHITE), "PNG"),
    "black.png": lambda: encode(Image.new("RGB", WHITE.size), "PNG"),
    "gray.png": lambda: encode(Image.new("RGB", WHITE.size, "gray"), "PNG"),
    "transparent.png": lambda: encode(Image.new("RGBA", WHITE.size, (255, 255, 255, 0)), "PNG"),
    "hidden.png": lambda: encode(Image.new("RGBA", WHITE.size, (0, 0, 0, 0)), "PNG"),
    "opaque.png": lambda: encode(Image.new("RGBA", WHITE.size, "white"), "PNG"),
    "gradient.png": lambda: encode(Image.linear_gradient("L").resize(WHITE.size), "PNG"),
    "page 1.png": lambda: encode(page(1), "PNG"),
    "page 2.png": lambda: encode(page(2), "PNG"),
}


@pytest.mark.parametrize("tier", ["exact", "similar"])
def test_flat_pictures_are_exact_or_nothing(tmp_path: Path, tier: str) -> None:
    fill(tmp_path, {name: make() for name, make in FLAT.items()})
    findings = la.find(tmp_path, tier=tier, use_catalog=False, workers=2)
    assert grouped(findings) == {frozenset({"white.png", "white.bmp"})}
    assert decode.decode(FLAT["white.png"]()).detail < MIN_DETAIL
    one, *others = FLAT.values()
    relations = {la.compare(one(), other(), algorithms=["dhash"]).relation for other in others}
    assert relations == {"identical pixels (PNG -> BMP)", "too little detail to compare"}


def test_fifty_flat_pictures_are_one_group_and_decoded_once_each(tmp_path: Path, decodes: list[str]) -> None:
    formats = ("PNG", "BMP", "TIFF", "TGA", "PPM")
    files = {}
    for at in range(50):
        format_ = formats[at % len(formats)]
        # What follows a picture is no pixel, but makes it another content.
        files[f"{at}.{format_.lower()}"] = encode(Image.new("RGB", (300, 200), "white"), format_) + bytes(at)
    fill(tmp_path, files)
    assert exact(tmp_path) == {frozenset(files)}
    assert sorted(decodes) == sorted(files)


DIFFERENT: dict[str, dict[str, bytes]] = {
    "depth": {"a.png": EQUAL["deep"][0](), "b.png": encode(GRAY, "PNG")},
    "frames": {
        "still.gif": encode(FEW, "GIF"),
        "a.gif": animated("GIF", FEW, scene(4, 401, 305).quantize(64)),
        "b.gif": animated("GIF", FEW, scene(5, 401, 305).quantize(64)),
        "c.png": animated("PNG", PHOTO, scene(4, 401, 305)),
        "d.png": animated("PNG", PHOTO, scene(5, 401, 305)),
    },
    "pages": {"a.tif": encode(PHOTO, "TIFF"), "b.tif": animated("TIFF", PHOTO, scene(5, 401, 305))},
    "profile": {"a.png": encode(PHOTO, "PNG"), "b.png": encode(PHOTO, "PNG", icc_profile=b"a profile")},
    "an alpha channel": {"a.png": encode(PHOTO, "PNG"), "b.png": encode(PHOTO.convert("RGBA"), "PNG")},
    "colours of one brightness": {
        name: encode(Image.new("RGB", (90, 90), colour), "PNG")
        for name, colour in (("a.png", (130, 120, 120)), ("b.png", (123, 123, 123)), ("c.png", (125, 122, 123)))
    },
    "turned the wrong way": {"a.png": encode(PHOTO, "PNG"), "b.png": turned(PHOTO.rotate(180), 6)},
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_is_not_exact(what: str, tmp_path: Path) -> None:
    fill(tmp_path, DIFFERENT[what])
    assert exact(tmp_path) == set()


def test_relations_name_what_differs(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x010E] = "a description"
    photo = encode(PHOTO, quality=90)
    files = {
        "a.jpg": photo, "b.jpg": encode(PHOTO, quality=90, exif=tags), "c.jpg": photo[:2] + b"\xff\xfe\0\x04no" + photo[2:],
        "d.png": encode(FEW, "PNG"), "e.bmp": encode(FEW, "BMP"), "f.png": turned(FEW, 6), "g.png": encode(FEW, "PNG"),
    }  # fmt: skip
    findings = la.find(fill(tmp_path, files), tier="exact", keep="name", use_catalog=False, workers=1)
    assert {os.path.basename(row.ref.path): row.relation for group in findings.groups for row in group.members[1:]} == {
        "b.jpg": "identical pixels (other metadata)",
        "c.jpg": "identical pixels (other metadata or compression)",
        "e.bmp": "identical pixels (PNG -> BMP)",
        "f.png": "identical pixels (EXIF-turned)",
        "g.png": "identical bytes",
    }
    assert la.compare(tmp_path / "e.bmp", tmp_path / "f.png").relation == "identical pixels (BMP -> PNG, EXIF-turned)"


def test_a_keeper_with_equal_pixels_may_lack_a_video(tmp_path: Path) -> None:
    moving = motion()
    length = int.from_bytes(moving[4:6], "big")
    still = moving[:2] + moving[4 + length : moving.rindex(b"\xff\xd9") + 2]
    fill(tmp_path, {"moving.jpg": moving, "still.jpg": still})
    os.utime(tmp_path / "still.jpg", (MTIME + 9, MTIME + 9))
    for keep, keeper, lacks in (("oldest", "moving.jpg", ()), ("newest", "still.jpg", ("video",))):
        (group,) = la.find(tmp_path, tier="exact", keep=keep, use_catalog=False, workers=1).groups
        assert (os.path.basename(group.keeper.ref.path), group.members[1].keeper_lacks) == (keeper, lacks)
    found = la.compare(still, moving)
    assert (found.tier, found.evidence) == (Tier.EXACT, {"first_lacks": ["video"], "second_lacks": []})


def test_items_of_equal_pixels_meet_their_copies_as_one(tmp_path: Path) -> None:
    files = {
        "a.png": encode(PHOTO, "PNG"), "b.bmp": encode(PHOTO, "BMP"), "c.png": encode(PHOTO, "PNG"),
        "d.jpg": encode(PHOTO, quality=80), "e.jpg": encode(PHOTO, quality=80, comment=b"as d"),
    }  # fmt: skip
    (group,) = la.find(fill(tmp_path, files), keep="name", use_catalog=False, workers=1).groups
    rows = [(os.path.basename(row.ref.path), os.path.basename(row.keeper or ""), row.tier) for row in group.members]
    assert rows == [
        ("a.png", "", None), ("b.bmp", "a.png", Tier.EXACT), ("c.png", "a.png", Tier.EXACT), ("e.jpg", "d.jpg", Tier.EXACT),
        ("d.jpg", "a.png", Tier.COPY),
    ]  # fmt: skip


@pytest.mark.parametrize("tier", ["exact", "edit"])
def test_against_references(tmp_path: Path, tier: str) -> None:
    fill(tmp_path / "have", {"white.png": FLAT["white.png"](), "photo.png": encode(PHOTO, "PNG")})
    new = {
        "white.bmp": FLAT["white.bmp"](), "photo.bmp": encode(PHOTO, "BMP"), "photo.tif": turned(PHOTO, 6, "TIFF"),
        "one pixel.png": FLAT["one pixel.png"](), "twin.png": FLAT["one pixel.png"]() + b"\0",
    }  # fmt: skip
    fill(tmp_path / "new", new)
    findings = la.find(tmp_path / "new", against=tmp_path / "have", tier=tier, use_catalog=False, workers=1)
    assert grouped(findings) == {
        frozenset({"white.png", "white.bmp"}),
        frozenset({"photo.png", "photo.bmp", "photo.tif"}),
    }
    assert [os.path.basename(path) for path in findings.unmatched] == ["one pixel.png", "twin.png"]
    assert findings.stats["by_tier"]["exact"] == 3
    for group in findings.groups:
        assert group.keeper.ref.path.startswith(f"{tmp_path / 'have'}")
        assert all(row.relation.startswith("identical pixels") for row in group.members[1:])


def test_what_ends_early_stays_what_it_was(tmp_path: Path) -> None:
    whole, cut = encode(PHOTO, "TIFF"), animated("GIF", FEW, FEW.transpose(Image.Transpose.ROTATE_180))
    files = {
        "a.tif": whole,
        "b.bmp": encode(PHOTO, "BMP"),
        "c.tif": whole[:-2000],
        "d.gif": cut[:-500],
        "e.gif": cut[:-499],
    }
    fill(tmp_path, files)
    ways: tuple[Truncated, ...] = ("refuse", "accept")
    for truncated in ways:
        findings = la.find(tmp_path, tier="exact", truncated=truncated, use_catalog=False, workers=1)
        assert grouped(findings) == {frozenset({"a.tif", "b.bmp"})}
        assert len(findings.failures) + findings.stats["hashed"] == len(files)


def test_what_looks_like_nothing_else_is_not_read_again(tmp_path: Path, decodes: list[str]) -> None:
    files = {f"{seed}.png": encode(scene(seed, 200, 150), "PNG") for seed in range(6)}
    files |= {f"{seed}.jpg": encode(scene(seed, 200, 150)) for seed in range(6)}
    files["turned.png"] = turned(scene(9, 90, 70), 6)  # nothing has its size
    fill(tmp_path, files)
    assert exact(tmp_path) == set()
    assert decodes == []


def test_the_second_run_decodes_nothing(tmp_path: Path) -> None:
    files = {f"{at}": make() for at, make in enumerate([*EQUAL["turned"], *EQUAL["palette"]])}
    files |= {name: FLAT[name]() for name in ("white.png", "white.bmp", "one pixel.png")}
    folder, catalog = fill(tmp_path / "photos", files), tmp_path / "catalog.sqlite"
    first = exact(folder, catalog=catalog)
    assert len(first) == 3
    for name in files:
        overwrite(folder / name)
    assert exact(folder, workers=2, catalog=catalog) == first
    with closing(sqlite3.connect(catalog)) as database, database:
        database.execute("UPDATE pixels SET step = 'of other decoders'")
    assert exact(folder, catalog=catalog) == set(), "decoded again, and the files are other ones by now"


@pytest.mark.parametrize("workers", [1, 2])
def test_full_decodes_keep_to_the_limit_of_pixels_and_what_breaks_it_is_tried_again(
    tmp_path: Path, workers: int
) -> None:
    files = {f"{at}": make() for at, make in enumerate(EQUAL["pages"])}
    folder, catalog = fill(tmp_path / "photos", files), tmp_path / "catalog.sqlite"
    one = PHOTO.width * PHOTO.height

    def found(max_pixels: int) -> set[frozenset[str]]:
        return grouped(la.find(folder, tier="exact", workers=workers, catalog=catalog, max_pixels=max_pixels))

    assert found(2 * one - 1) == set(), "each page is allowed, both together are not"
    assert found(2 * one) == {frozenset(files)}
    assert found(MAX_PIXELS) == {frozenset(files)}


def test_only_what_is_still_what_was_scanned_counts(tmp_path: Path) -> None:
    files = {
        "a.png": encode(PHOTO, "PNG"), "b.bmp": encode(PHOTO, "BMP"), "c.tif": encode(PHOTO, "TIFF"),
        "d.tga": encode(PHOTO, "TGA"),
    }  # fmt: skip
    fill(tmp_path, files)
    with open_catalog(None) as store:
        spec = FindOptions().spec
        images = scan([str(tmp_path)], [], store, spec, ScanOptions(), workers=1).images
        order, words = rank(images, DEFAULT_KEEP).order, hash_words(images.facts.id, store, spec)[1]
        overwrite(tmp_path / "b.bmp")
        (tmp_path / "c.tif").unlink()
        same = twins(images, order, words, store, Reader(), ScanOptions(), workers=1)
        content = dict(zip((Path(path).name for path in images.path), images.content.tolist(), strict=True))
        assert same[content["a.png"]] == same[content["d.tga"]]
        assert same[content["b.bmp"]] == content["b.bmp"]
        assert same[content["c.tif"]] == content["c.tif"]
        fill(tmp_path, files)  # nothing lasting was said of the two
        assert len(set(twins(images, order, words, store, Reader(), ScanOptions(), workers=1).tolist())) == 1


KINDS = [make for makes in EQUAL.values() for make in makes[:3]]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(0, len(KINDS) - 1), min_size=2, max_size=8), st.randoms())
def test_groups_do_not_depend_on_workers_names_or_the_catalog(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[int], dice: random.Random
) -> None:
    base = tmp_path_factory.mktemp("kinds")
    names = [f"{at}" for at in range(len(chosen))]
    dice.shuffle(names)
    contents = {name: KINDS[kind]() for name, kind in zip(names, chosen, strict=True)}
    folder = fill(base / "photos", contents)
    digests: dict[bytes, set[str]] = {}
    for name, data in contents.items():
        digests.setdefault(decode.pixels_of(data).digest, set()).add(name)
    expected = {frozenset(same) for same in digests.values() if len(same) > 1}
    assert exact(folder) == exact(folder, workers=2) == expected
    assert exact(folder, workers=3, catalog=base / "catalog") == expected
    for name in names:
        overwrite(folder / name)
    assert exact(folder, workers=2, catalog=base / "catalog") == expected
