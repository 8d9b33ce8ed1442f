"""Findings of an earlier time, of which only matters what is not in them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from lookalike.errors import UsageError
from lookalike.tables.fields import load

VERSION = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which contents were in one group, and in which splits.

    Attributes
    ----------
    groups : dict of bytes to dict of int to set
        By digest, the groups that held it, each with the splits that it had there.
    """

    groups: dict[bytes, dict[int, set[Hashable]]]

    @classmethod
    def of(cls, groups: Iterable[Iterable[tuple[bytes, str | None]]]) -> "Baseline":
        """Make a baseline of groups.

        Parameters
        ----------
        groups : iterable of iterable of (bytes, str or None)
            Digest and split of each image of each group; without a split, each image counts as one of its own.

        Returns
        -------
        Baseline
            Of these groups.
        """
        known: dict[bytes, dict[int, set[Hashable]]] = defaultdict(lambda: defaultdict(set))
        for number, members in enumerate(groups):
            for at, (digest, split) in enumerate(members):
                known[digest][number].add(at if split is None else split)
        return cls({digest: dict(held) for digest, held in known.items()})

    def holds(self, one: bytes, other: bytes) -> bool:
        """Tell whether two contents were in one group already, in different splits.

        Parameters
        ----------
        one, other : bytes
            Digests, in any order; equal for names of one content.

        Returns
        -------
        bool
            Whether they were.

        Examples
        --------
        >>> before = Baseline.of([[(b"a", "train"), (b"b", "test"), (b"c", "train")]])
        >>> before.holds(b"b", b"a"), before.holds(b"a", b"c"), before.holds(b"a", b"a")
        (True, False, False)
        """
        first, second = self.groups.get(one, {}), self.groups.get(other, {})
        return any(len(first[group] | second[group]) > 1 for group in first.keys() & second.keys())


def read_baseline(path: str) -> Baseline:
    """Read findings that are to be a baseline.

    Parameters
    ----------
    path : str
        JSON that ``lookalike leaks`` or ``lookalike find`` wrote.

    Returns
    -------
    Baseline
        Of its groups.

    Raises
    ------
    UsageError
        If it cannot be read, or is no such thing.
    """
    document = load(path, "baseline")
    if "groups" not in document:
        raise UsageError(f"{document.label} holds no groups: name a .json that lookalike leaks or find --output wrote")
    if (version := document.take("version", int)) != VERSION:
        raise UsageError(f"{document.label} has version {version}, and this program reads {VERSION}: write it again")
    return Baseline.of(
        [(member.digest("digest"), member.nullable("split", str)) for member in group.objects("members", "member")]
        for group in document.objects("groups", "group")
    )
