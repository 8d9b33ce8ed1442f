"""Samples of WebDataset shards: all members ``KEY.*`` of a TAR archive, KEY up to the first dot of the name.

Source: https://github.com/webdataset/webdataset, ``base_plus_ext`` in webdataset/tariterators.py. A shard has the same kinds of
members in each sample, and only there several images are taken for one sample: a TAR archive of photos whose names hold dots,
such as ``2019.05.01.jpg``, is no such shard.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from lookalike.columns import Images


def key_and_kind(member: str) -> tuple[str, str]:
    """Return the key of a member, which all of its sample have, and what comes after.

    Parameters
    ----------
    member : str
        Its name, or its path.

    Returns
    -------
    tuple of str
        What WebDataset calls ``__key__``, with the folders before it; the rest of the name without the dot.

    Examples
    --------
    >>> key_and_kind("a.b/0001.seg.png")
    ('a.b/0001', 'seg.png')
    """
    folder, slash, name = member.rpartition("/")
    key, _, kind = name.partition(".")
    return f"{folder}{slash}{key}", kind


def samples(paths: Iterable[str]) -> dict[str, str]:
    """Return which images are of a sample that has several.

    Parameters
    ----------
    paths : iterable of str
        Images in TAR archives.

    Returns
    -------
    dict of str to str
        Path -> the first of its sample, itself included. What comes after KEY has to be found with more than half of the
        keys of a folder, of which there are two or more.

    Examples
    --------
    >>> samples(["a.tar/1.l.jpg", "a.tar/1.r.jpg", "a.tar/2.l.jpg", "a.tar/2.r.jpg"])["a.tar/2.r.jpg"]
    'a.tar/2.l.jpg'
    >>> samples(["a.tar/2019.05.01.jpg", "a.tar/2019.05.02.jpg", "a.tar/2020.01.01.jpg"])
    {}
    """
    folders: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        key, kind = key_and_kind(path)
        folders[key.rpartition("/")[0]][key].append((kind.lower(), path))
    found: dict[str, str] = {}
    for keys in folders.values():
        often = Counter(kind for members in keys.values() for kind in {kind for kind, _ in members})
        for members in keys.values():
            usual = [path for kind, path in members if 2 * often[kind] > len(keys)]
            if len(keys) > 1 and len(usual) > 1:
                found |= dict.fromkeys(usual, usual[0])
    return found


def members(images: Images, rows: Sequence[int], lost: Sequence[str]) -> list[str]:
    """Return the images in TAR archives, those included that could not be read and lie beside them.

    Parameters
    ----------
    images : Images
        Images that were read.
    rows : sequence of int
        Which of them count.
    lost : sequence of str
        Paths of images that could not be read.

    Returns
    -------
    list of str
        Paths.
    """
    read = [images.path[row] for row in rows if images.source and images.source[row] == "tar"]
    places = {path.rpartition("/")[0] for path in read}
    return read + [path for path in lost if path.rpartition("/")[0] in places]
