"""Class folders: which folder names below a root say what a picture shows, so that equal pictures in two of them conflict."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SPLITS = frozenset(["train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval"])
"""Folders that part a set for training from what it is measured on."""

DATED = re.compile(r"(?:photos from )?(?:19|20)\d\d(?:[-_. ].*|(?:0\d|1[0-2])(?:[0-3]\d)?.*)?", re.IGNORECASE)
"""Names of folders that begin with a year or a date."""
PHOTO_FOLDER = re.compile(
    r"""
    (?-i: [1-9]\d\d (?=.*[A-Z]) [0-9A-Z_]{5} )   # 100APPLE, 101MSDCF: folders of cameras (DCF, CIPA DC-009)
    | dcim | img | camera (?:\ roll|\ uploads)? | .*\bscreenshots? | whatsapp.* | downloads? | phone | iphone.* | backups?
    | pictures | photos | images
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Names that people, phones and cameras give to folders of photos, whatever these show."""


@dataclass(frozen=True, slots=True)
class Root:
    """A root of a search, and what its folders look like.

    Attributes
    ----------
    path : str
        As given.
    images : int
        How many images lie there.
    reference : bool
        Whether it was given to compare against.
    depth : int
        How many folder names below it make a class, by what the tree looks like; 0 for none.
    common : int
        How many of the first names say nothing: all images share them, or they are splits such as train and val.
    """

    path: str
    images: int
    reference: bool = False
    depth: int = 0
    common: int = 0


def root_of(path: str, roots: Iterable[str]) -> str | None:
    """Return the innermost root that a path lies in, by their texts.

    Parameters
    ----------
    path : str
        A root as given, plus a path within it.
    roots : iterable of str
        As given.

    Returns
    -------
    str or None
        None where it lies in none.

    Examples
    --------
    >>> root_of("a/b/c.jpg", ["a", "a/b/", "a/bc"])
    'a/b/'
    """
    inside = path + os.sep  # so that a root counts as in itself, however many slashes it ends in
    return max((root for root in roots if inside.startswith(root.rstrip(os.sep) + os.sep)), key=len, default=None)


def survey(folders: Mapping[str, int], roots: Sequence[str], references: Sequence[str] = ()) -> list[Root]:
    """Say of each root how many images it holds, and whether its folders look like classes.

    They do if all images lie equally deep, in two or more folders, of which most are not named after dates, cameras, phones
    or places where photos are put.

    Parameters
    ----------
    folders : mapping of str to int
        How many images lie in each folder, or bear the name of a root that is a file.
    roots, references : sequence of str
        As given.

    Returns
    -------
    list of Root
        Roots, then references.

    Examples
    --------
    >>> survey({"set/train/cat": 3, "set/train/dog": 2, "set/val/cat": 1}, ["set"])
    [Root(path='set', images=6, reference=False, depth=2, common=1)]
    >>> survey({"Photos/2019": 3, "Photos/2020": 2}, ["Photos"])
    [Root(path='Photos', images=5, reference=False, depth=0, common=0)]
    """
    given = dict.fromkeys([*roots, *references])
    images: Counter[str] = Counter()
    below: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for folder, count in folders.items():
        root = root_of(folder, references) or root_of(folder, roots)  # what lies in both is a reference
        if root is not None:
            images[root] += count
            below[root].append(names_below(folder, root))
    return [Root(path, images[path], path in references, *_shape(below[path])) for path in given]


def class_of(folder: str, root: Root, within: int | None = None) -> tuple[str, ...]:
    """Return the class of the images in a folder.

    Parameters
    ----------
    folder : str
        A folder in the root.
    root : Root
        From `survey`.
    within : int, optional
        How many folder names below the root count; None for what the tree looks like.

    Returns
    -------
    tuple of str
        Folder names; empty where there is no class.

    Examples
    --------
    >>> class_of("set/train/cat", Root("set", 6, depth=2, common=1))
    ('cat',)
    """
    return names_below(folder, root.path)[root.common : root.depth if within is None else within]


def conflict(one: tuple[str, ...], other: tuple[str, ...]) -> str | None:
    """Say whether two classes speak of different things.

    Parameters
    ----------
    one, other : tuple of str
        From `class_of`.

    Returns
    -------
    str or None
        The conflict in words; None where the two are equal, or one is no class.

    Examples
    --------
    >>> conflict(("cat",), ("dog",)), conflict(("cat",), ())
    ('cat here, dog there', None)
    """
    if not one or not other or one == other:
        return None
    return f"{'/'.join(one)} here, {'/'.join(other)} there"


def names_below(folder: str, root: str) -> tuple[str, ...]:
    """Return the names of the folders between a root and what lies in a folder.

    Parameters
    ----------
    folder : str
        A folder in the root, or the root.
    root : str
        As given.

    Returns
    -------
    tuple of str
        Outermost first.

    Examples
    --------
    >>> names_below("set/train/cat", "set")
    ('train', 'cat')
    """
    return tuple(name for name in folder[len(root) :].split(os.sep) if name)


def _shape(folders: list[tuple[str, ...]]) -> tuple[int, int]:
    """Return how many names make a class and how many of the first of them say nothing, of folders with images."""
    common = 0
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1 and not all(name.lower() in SPLITS for name in level):
            break
        common += 1
    depths = {len(names) for names in folders}
    depth = depths.pop() if len(depths) == 1 else 0
    if depth <= common:
        return 0, common
    of_photos = sum(
        any(DATED.fullmatch(name) for name in names) or any(PHOTO_FOLDER.fullmatch(name) for name in names[common:])
        for names in folders
    )
    return (0 if 2 * of_photos >= len(folders) else depth), common
