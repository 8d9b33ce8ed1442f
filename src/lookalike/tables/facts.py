"""Facts of the rows of hash tables, without a catalog."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Facts, exif_from_json


def facts_from_arrow(rows: Any) -> Facts:
    """Return what rows of a hash table say of contents, as the catalog would after `store_batch`.

    Parameters
    ----------
    rows : pyarrow.RecordBatch or pyarrow.Table
        Images, with the columns digest, bytes and all facts but truncated and decoder; others do not matter.

    Returns
    -------
    Facts
        One row each, numbered from 0.
    """

    def column(name: str, kind: Any = np.int64) -> NDArray[Any]:
        values: NDArray[Any] = rows[name].fill_null(kind(0).item()).to_numpy(zero_copy_only=False)
        return values.astype(kind)

    numbers: dict[str, Any] = {
        name: column(name) for name in ("width", "height", "frames", "depth", "detail", "quality")
    }
    flags: dict[str, Any] = {name: column(name, np.bool_) for name in ("alpha", "colour", "lossless")}
    nothing: dict[str, str | int] = {}  # most contents have none, and share this
    return Facts(
        id=np.arange(len(rows)), size=column("bytes"), **numbers, **flags,
        format=rows["format"].to_pylist(), captured=[said or "" for said in rows["captured"].to_pylist()],
        exif=[exif_from_json(said) if said else nothing for said in rows["exif"].to_pylist()],
        digest=rows["digest"].to_pylist(),
    )  # fmt: skip
