"""Names to items: what decisions keep apart is never one item, whatever else is; without any, pixels alone decide."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookalike.columns import Facts, Images
from lookalike.matches.items import Items
from lookalike.stores.decisions import Standing


@dataclass(frozen=True)
class Case:
    """Names in keep order: content and whether it is a reference; picture of each content; what is decided."""

    content: list[int]
    reference: list[bool]
    picture: list[int]
    standing: Standing

    @property
    def images(self) -> Images:
        names, contents = len(self.content), len(self.picture)
        number, flag = np.zeros(contents, np.int64), np.zeros(contents, np.bool_)
        facts = Facts(
            np.arange(contents), number, number, number, number, number, number, flag, flag, flag, number,
            [""] * contents, [""] * contents, [{}] * contents, [bytes([at]) for at in range(contents)],
        )  # fmt: skip
        zeros = np.zeros(names, np.int64)
        return Images(
            [str(at) for at in range(names)], [""] * names, [""] * names, zeros, zeros, zeros, zeros,
            np.zeros(names, np.bool_), np.array(self.reference, np.bool_), np.array(self.content, np.int64), facts,
        )  # fmt: skip

    def items(self, *, against: bool) -> Items:
        same = np.array([self.picture.index(one) for one in self.picture], np.int64)
        return Items(self.images, np.arange(len(self.content)), same, self.standing, against=against)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    contents = draw(st.integers(1, 6))
    content = draw(st.permutations([*range(contents), *draw(st.lists(st.integers(0, contents - 1), max_size=6))]))
    references = draw(st.integers(0, len(content)))
    picture = draw(st.lists(st.integers(0, 2), min_size=contents, max_size=contents))
    groups = draw(st.lists(st.sets(st.integers(0, contents - 1), min_size=2), max_size=3)) if contents > 1 else []
    different = {
        bytes([one]): frozenset(at for at, group in enumerate(groups) if one in group)
        for one in range(contents)
        if any(one in group for group in groups)
    }
    kept = frozenset(bytes([one]) for one in draw(st.sets(st.integers(0, contents - 1), max_size=2)))
    reference = [at < references for at in range(len(content))]
    return Case(list(content), reference, picture, Standing(different, kept))


def members(items: Items) -> list[list[int]]:
    """Return the names of each item."""
    return [np.flatnonzero(items.item == at).tolist() for at in range(len(items.content))]


@given(cases())
def test_without_decisions_a_picture_is_an_item(case: Case) -> None:
    plain = Case(case.content, case.reference, case.picture, Standing())
    for against in (False, True):
        found = members(plain.items(against=against))
        pictures = [case.picture[content] for content in case.content]
        assert found == [[row for row, one in enumerate(pictures) if one == at] for at in dict.fromkeys(pictures)]


@given(cases())
def test_what_is_apart_is_never_one_item_and_never_matches(case: Case) -> None:
    items = case.items(against=False)
    content, apart = case.content, case.standing.apart
    names = members(items)
    assert [rows[0] for rows in names] == sorted(rows[0] for rows in names), "numbered in keep order"
    assert items.image.tolist() == [rows[0] for rows in names]
    for rows in names:
        assert len({case.picture[content[row]] for row in rows}) == 1
        assert not any(apart(bytes([content[a]]), bytes([content[b]])) for a, b in combinations(rows, 2))
    for one, other in combinations(range(len(names)), 2):
        told = items.apart(np.array([one]), np.array([other]))[0]
        assert told == items.apart(np.array([other]), np.array([one]))[0]
        assert told == (
            bytes([content[names[other][0]]]) in case.standing.kept
            or any(
                content[a] != content[b] and apart(bytes([content[a]]), bytes([content[b]]))
                for a in names[one]
                for b in names[other]
                if bytes([content[b]]) not in case.standing.kept
            )
        )
        if {content[a] for a in names[one]} & {content[b] for b in names[other]}:
            assert told, "names of equal bytes are one item, unless they are all to be kept"
    seen: set[int] = set()
    for at, rows in enumerate(names):
        assert bool(items.again[at]) == (content[rows[0]] in seen)
        seen.add(content[rows[0]])


@given(cases())
def test_against_references_only_they_set_apart(case: Case) -> None:
    items = case.items(against=True)
    content, reference, standing = case.content, case.reference, case.standing
    for row, own in enumerate(content):
        at, digest = int(items.item[row]), bytes([own])
        if reference[row]:
            continue
        fellows = [other for other in members(items)[at] if other != row]
        if digest in standing.kept:
            assert fellows == []
            assert items.kept[at]
            continue
        held = [bytes([content[other]]) for other in fellows if reference[other]]
        assert not any(standing.apart(one, digest) for one in held)
        assert not items.kept[at] or items.reference[at]
        for other, rows in enumerate(members(items)):
            if other != at and items.reference[other] and not items.reference[at]:
                told = bool(items.apart(np.array([other]), np.array([at]))[0])
                assert told == any(standing.apart(bytes([content[one]]), digest) for one in rows if reference[one])
