"""Facts of hash tables: the catalog and Arrow columns say the same of the same rows."""

import io
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import ExifTags, Image

from conftest import encode, scene
from lookalike.batches import hash_batches
from lookalike.columns import Facts
from lookalike.model import HashSpec
from lookalike.opening import open_catalog
from lookalike.scan.loading import batches, hash_file, store_batch
from lookalike.tables.facts import facts_from_arrow
from lookalike.tables.hash_files import write_parquet


def tagged() -> bytes:
    tags = Image.Exif()
    tags.update({ExifTags.Base.Make: "Maker", ExifTags.Base.Model: "One", ExifTags.Base.Orientation: 6})
    tags.get_ifd(ExifTags.IFD.Exif).update({int(ExifTags.Base.DateTimeOriginal): "2021:07:14 10:00:00"})
    buffer = io.BytesIO()
    scene(3).save(buffer, "JPEG", quality=71, exif=tags)
    return buffer.getvalue()


def test_columns_say_what_the_catalog_says_after_the_same_rows(put: Callable[..., Path], tmp_path: Path) -> None:
    pictures = {
        "gray.png": encode(scene(1).convert("L"), "PNG"), "clear.png": encode(scene(2).convert("RGBA"), "PNG"),
        "tagged.jpg": tagged(), "lossless.webp": encode(scene(4), "WEBP"), "flat.gif": encode(scene(5).convert("P"), "GIF"),
        "deep.png": encode(scene(6).convert("I;16"), "PNG"),
    }  # fmt: skip
    for name, content in pictures.items():
        put(f"photos/{name}", content)
    put("photos/broken.png", pictures["gray.png"][:200])
    path, spec = str(tmp_path / "t.parquet"), HashSpec()
    with open(path, "wb") as file:
        tables = hash_batches(
            tmp_path / "photos", decode="fast", facts=True, thumbnails=True, use_catalog=False, workers=1
        )
        write_parquet(tables, [spec], file)
    table = hash_file(path)
    assert table is not None
    with open_catalog(None) as store:
        (batch,) = batches(table, [spec])
        batch = batch.filter(batch["failure"].is_null())
        ids = store_batch(batch, table, store, [spec])
        assert len(set(ids.tolist())) == len(pictures)
        assert (np.diff(ids) > 0).all()
        stored = store.contents(ids)
    for rows in (batch, pa.Table.from_batches([batch.slice(0, 2), batch.slice(2)])):
        made = facts_from_arrow(rows)
        assert made.id.tolist() == list(range(len(pictures)))
        for field in fields(Facts):
            one, other = getattr(made, field.name), getattr(stored, field.name)
            if isinstance(one, np.ndarray):
                assert one.dtype == other.dtype, field.name
                one, other = one.tolist(), other.tolist()
            assert field.name == "id" or one == other, field.name
    assert {"Maker"} == {one["make"] for one in made.exif if one}
    assert sorted(map(bool, made.captured)) == [False] * 5 + [True]
    assert facts_from_arrow(batch.slice(0, 0)).digest == []
