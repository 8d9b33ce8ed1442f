"""Google Takeout: which image a JSON file belongs to, by its name.

Google documents none of this; it is what importers found in real exports:

- ``x.jpg.json``, since 2024 ``x.jpg.supplemental-metadata.json``; without the image's ending where the title has none.
- The name before ``.json`` has at most 46 UTF-16 units: of the suffix, then of the image's own name, the end is cut.
- A number that tells equal names apart comes last and is not counted: ``x(1).jpg`` has ``x.jpg(1).json`` or
  ``x.jpg.supplemental-metadata(1).json``.
- An edited image has the JSON of its original: ``x-edited.jpg``, in the language of the account, that too with its number
  last. The names of images have at most 51 units, so the suffix may be cut.

Sources: immich-go, ``adapters/googlePhotos/matchers.go`` with its tests and issues 652, 673, 674, 698, 756 and 1419
(https://github.com/simulot/immich-go); google-photos-takeout-helper, ``lib/extras.dart``
(https://github.com/TheLastGimbus/GooglePhotosTakeoutHelper).
"""

import re
from collections.abc import Iterator

SUFFIX = "supplemental-metadata"
JSON_UNITS = 46
IMAGE_UNITS = 51
EDITED = (
    "-edited", "-effects", "-smile", "-mix", "-bearbeitet", "-bewerkt", "-edytowane", "-editat", "-ha editado", "-modificato",
    "-modifié", "-編集済み",
)  # fmt: skip
"""What the names of edited images end in, by language."""
_NUMBER = re.compile(r"\(\d+\)$")


def names(core: str) -> Iterator[str]:
    """Return the names that the image of a JSON file may have, the likeliest first.

    Parameters
    ----------
    core : str
        Name of the JSON file without ``.json``.

    Yields
    ------
    str
        A name, or a name without its ending.

    Examples
    --------
    >>> list(names("x.jpg.suppl(1)"))[-2:]
    ['x(1).jpg', 'x.jpg(1)']
    """
    yield core
    body, number = _numbered(core)
    base, dot, last = body.rpartition(".")
    for name in (body, base) if dot and SUFFIX.startswith(last.lower()) else (body,):
        if number:
            stem, ending = _parts(name)
            yield f"{stem}{number}{ending}"
        yield name + number


def cut(name: str) -> str | None:
    """Return what is left of an image's name in that of its JSON file.

    Parameters
    ----------
    name : str
        Name of an image.

    Returns
    -------
    str or None
        Name of the JSON file without ``.json``; None for an image whose whole name is in it.

    Examples
    --------
    >>> cut("original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P(2).jpg")
    'original_1d4caa6f-16c6-4c3d-901b-9387de10e528_(2)'
    >>> cut("x.jpg")
    """
    if len(name) <= JSON_UNITS // 2:
        return None
    stem, ending = _parts(name)
    stem, number = _numbered(stem)
    whole = stem + ending
    left = _first_units(whole, JSON_UNITS)
    return None if left == whole else left + number


def original(name: str) -> str | None:
    """Return the name that an edited image had before it was edited.

    Parameters
    ----------
    name : str
        Name of an image.

    Returns
    -------
    str or None
        None for an image that is not called edited.

    Examples
    --------
    >>> original("x-bearbeitet(1).jpg"), original("x-wing.jpg")
    ('x(1).jpg', None)
    """
    if "-" not in name:
        return None
    stem, ending = _parts(name)
    stem, number = _numbered(stem)
    lower = stem.lower()
    for suffix in EDITED:
        if lower.endswith(suffix) and len(stem) > len(suffix):
            return f"{stem[: -len(suffix)]}{number}{ending}"
    before, _, tail = stem.rpartition("-")
    whole = stem + ending
    full = _first_units(whole, IMAGE_UNITS) == whole != _first_units(whole, IMAGE_UNITS - 1)
    if full and before and any(suffix.startswith(f"-{tail.lower()}") for suffix in EDITED):
        return f"{before}{number}{ending}"
    return None


def _parts(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")


def _numbered(stem: str) -> tuple[str, str]:
    found = _NUMBER.search(stem) if stem.endswith(")") else None
    return (stem[: found.start()], found[0]) if found and found.start() else (stem, "")


def _first_units(text: str, count: int) -> str:
    """Return as much of a text as its first UTF-16 units hold."""
    if text.isascii():
        return text[:count]
    for at, character in enumerate(text):
        count -= 2 if character > "\uffff" else 1
        if count < 0:
            return text[:at]
    return text
