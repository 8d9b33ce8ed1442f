"""Images that were found in groups, as a graph across splits: which pairs that makes, and what it contradicts."""

from collections.abc import Callable, Iterable, Sequence

from lookalike.groups.findings import Findings
from lookalike.leakage.crossing import Crossing, Edge, components, crossings
from lookalike.leakage.splits import Pair, Placed, Split
from lookalike.model import Group, Member, Tier
from lookalike.stores.decisions import Standing


class Links:
    """Images that were found in groups, as a graph: an edge from each to the keeper that it was verified against.

    Parameters
    ----------
    splits : sequence of Split
        In their order.
    homes : callable
        Returns the name of the split of an image, by its path.
    held : iterable of Findings
        Of all splits together, and of each against each other one.
    within : int or None
        How many folder names below a root make a class; None for what the tree looks like.
    """

    def __init__(
        self, splits: Sequence[Split], homes: Callable[[str], str | None], held: Iterable[Findings], within: int | None
    ) -> None:
        members: dict[str, Member] = {}
        links: list[tuple[Member, str]] = []
        for findings in held:
            for group in findings.groups:
                for member in group.members:
                    members.setdefault(member.ref.path, member)
                links += _links(group)
        order = {split.name: at for at, split in enumerate(splits)}
        home = {path: order[str(homes(path))] for path in members}
        nodes = sorted(members, key=lambda path: (home[path], path))
        self.split: list[int] = [home[path] for path in nodes]
        self.placed: list[Placed] = [
            Placed(members[path], splits[at].name, splits[at].label(path, within))
            for path, at in zip(nodes, self.split, strict=True)
        ]
        row = {path: at for at, path in enumerate(nodes)}
        self.links: list[Member] = [member for member, _ in links]
        self.edges: list[Edge] = [
            Edge(
                row[member.ref.path], row[keeper], Tier.NONE if member.tier is None else member.tier, member.score or 0
            )
            for member, keeper in links
        ]

    def crossing(self, standing: Standing) -> tuple[tuple[tuple[Placed, ...], ...], list[Pair]]:
        """Return the groups that lie in several splits, and the pairs across.

        Parameters
        ----------
        standing : Standing
            What people decided: images that are not the same do not meet through others.

        Returns
        -------
        groups : tuple of tuple of Placed
            Images of each.
        pairs : list of Pair
            The least certain first.
        """
        parts = [part for part in components(len(self.split), self.edges) if len({self.split[at] for at in part}) > 1]
        number = {node: at for at, part in enumerate(parts, 1) for node in part}
        pairs = [
            self._pair(number[one.one], one)
            for one in crossings(self.split, self.edges)
            if one.edge is not None or not self._accepted(one, standing)
        ]
        return tuple(tuple(self.placed[at] for at in part) for part in parts), sorted(pairs, key=_certainty)

    def contradictions(self) -> tuple[tuple[Placed, ...], ...]:
        """Return images that are the same picture and lie in different classes.

        Returns
        -------
        tuple of tuple of Placed
            Images of each such picture.
        """
        close = [edge for edge in self.edges if edge.tier < Tier.SIMILAR]
        parts = [[self.placed[at] for at in part] for part in components(len(self.split), close)]
        return tuple(tuple(part) for part in parts if len({placed.label for placed in part} - {""}) > 1)

    def _accepted(self, crossing: Crossing, standing: Standing) -> bool:
        """Tell whether two images that meet through others were decided not to be the same."""
        one, other = self.placed[crossing.one].digest, self.placed[crossing.other].digest
        return standing.apart(one, other) or standing.apart(other, one)

    def _pair(self, group: int, crossing: Crossing) -> Pair:
        image, keeper = self.placed[crossing.one], self.placed[crossing.other]
        if crossing.edge is not None:
            link = self.links[crossing.edge]
            return Pair(group, image, keeper, link.tier, link.score, link.distance, link.share, link.relation)
        tier = None if crossing.tier == Tier.NONE else Tier(crossing.tier)
        through = None if crossing.through is None else self.placed[crossing.through].path
        return Pair(group, image, keeper, tier, None if tier is None else crossing.score, None, None, "", through)


def _links(group: Group) -> list[tuple[Member, str]]:
    """Return each member but the keeper with the path of the member that stands for its own: that may be a file of its unit."""
    paths = {path: one.ref.path for one in group.members for path in (*one.parts, one.ref.path)}
    return [(member, paths.get(str(member.keeper), group.keeper.ref.path)) for member in group.members[1:]]


def _certainty(pair: Pair) -> tuple[int, float, str, str]:
    """Sort the least certain first."""
    return -(Tier.NONE if pair.tier is None else pair.tier), pair.score or 0, pair.image.path, pair.keeper.path
