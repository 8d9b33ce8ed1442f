"""What is reviewed: groups of a search that just ended, or of findings that were read back."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.groups.findings import Findings
from lookalike.groups.grouped import Brief, Outline, briefs, outline
from lookalike.labels import Root
from lookalike.model import Failure, Group, Orient
from lookalike.planning.standing import absolute
from lookalike.sources.reading import Reader
from lookalike.tables import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is reviewed.

    Attributes
    ----------
    groups : sequence of Group
        The groups; each may be made only when it is looked at.
    outline : Outline
        What a list shows of each.
    numbers : sequence of int
        Number of each group in the findings.
    briefs : callable
        What is known of each member of the group at a position, without making the group.
    roots : sequence of Root
        What was searched and what it was compared against.
    orient : str
        Which turns count as the same picture.
    found : dict
        All options of the search.
    reader : Reader
        Who reads what is no ordinary file.
    failures : sequence of Failure
        What could not be read.
    incomplete : sequence of str
        What could not be seen, one line each.
    """

    groups: Sequence[Group]
    outline: Outline
    numbers: Sequence[int]
    briefs: Callable[[int], Sequence[Brief]]
    roots: Sequence[Root]
    orient: Orient
    found: dict[str, Any]
    reader: Reader
    failures: Sequence[Failure] = field(default=())
    incomplete: Sequence[str] = field(default=())

    @property
    def place(self) -> str:
        """By which a later review of the same roots finds what was chosen in this one."""
        return "\0".join(sorted(f"{absolute(root.path)}{os.sep if root.reference else ''}" for root in self.roots))


def of_findings(findings: Findings) -> Subject:
    """Return the groups of a search for review.

    Parameters
    ----------
    findings : Findings
        From `lookalike.find`.

    Returns
    -------
    Subject
        Its groups, none of them made yet.
    """
    grouped = findings.grouped
    return Subject(
        groups=grouped, outline=grouped.outline(), numbers=range(1, len(grouped) + 1), briefs=grouped.briefs,
        roots=findings.by_root, orient=findings.options.orient, found=findings.to_dict(0)["options"],
        reader=findings.reader, failures=findings.failures, incomplete=findings.incomplete,
    )  # fmt: skip


def of_document(document: Document) -> Subject:
    """Return the groups of findings that were read back for review.

    Parameters
    ----------
    document : Document
        From `lookalike.tables.read_document`.

    Returns
    -------
    Subject
        Its groups.
    """
    groups = document.groups
    return Subject(
        groups=groups, outline=outline(groups), numbers=[group.id for group in groups],
        briefs=lambda at: briefs(groups[at]), roots=document.roots,
        orient=document.orient, found=document.options,
        reader=Reader(named=[root.path for root in document.roots]),
    )  # fmt: skip
