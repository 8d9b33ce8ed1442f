"""A review: groups are shown with what would become of their images, a person chooses, and a plan comes of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lookalike import cleaning
from lookalike.deciding import decisions
from lookalike.errors import UsageError
from lookalike.limiting import SecondLooks, told_by
from lookalike.model import Group, Tier
from lookalike.opening import default_ledger
from lookalike.plan import Decision, KeepOptions, Plan
from lookalike.planning.agreeing import only_seen
from lookalike.planning.making import make_plan
from lookalike.removal.applying import Applied, OnProgress
from lookalike.removal.undoing import Undone
from lookalike.reviewing.acting import check_action
from lookalike.reviewing.choosing import DIFFERENT, as_chosen, as_decided, in_order, loosest, proposal
from lookalike.reviewing.chosen import Chosen
from lookalike.reviewing.looking import Looks
from lookalike.reviewing.route import Route
from lookalike.reviewing.subject import Subject
from lookalike.stores.choices import Choice
from lookalike.stores.decisions import Standing


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a review has come.

    Attributes
    ----------
    groups, chosen, removed : int
        How many groups there are, for how many something was chosen, and of how many the images were removed.
    """

    groups: int
    chosen: int
    removed: int

    @property
    def left(self) -> int:
        """How many groups nobody has chosen anything for."""
        return self.groups - self.chosen - self.removed


class Review:
    """A review; its methods may be called by several threads.

    Parameters
    ----------
    subject : Subject
        What is reviewed.
    options : KeepOptions
        What is proposed to go, and how; also what a keeper may lack. What a person marks may be an edit.
    ledger : str, optional
        Ledger file, made with the first choice; None for the one in the state folder of the platform.
    workers : int, optional
        Images checked at a time while a plan is carried out.

    Attributes
    ----------
    ledger : str
        The ledger file.
    choices : Chosen
        What was chosen so far.
    route : Route
        In which order groups come; may be set.
    second : SecondLooks
        Who holds looks at files to the limits of the search.
    applied : list of Applied
        What came of the plans of this review that were not undone, the last one last.

    Raises
    ------
    UsageError
        If the action removes for good.
    LedgerError
        If the ledger is there and cannot be used.
    """

    def __init__(
        self, subject: Subject, options: KeepOptions, *, ledger: str | None = None, workers: int | None = None
    ) -> None:
        check_action(options)
        self.subject: Subject = subject
        self.options: KeepOptions = options
        self.ledger: str = default_ledger() if ledger is None else os.path.abspath(ledger)
        self.choices: Chosen = Chosen(subject, self.ledger)
        self.route: Route = Route(subject.outline)
        self.applied: list[Applied] = []
        self.second = SecondLooks(told_by(subject.found))
        self._workers, self._looks = workers, Looks(subject.orient, subject.reader, self.second)

    def __len__(self) -> int:
        return len(self.subject.groups)

    @property
    def counts(self) -> Counts:
        """How far it has come."""
        return Counts(len(self), len(self.choices), len(self.choices.removed))

    def group(self, at: int) -> Group:
        """Return a group.

        Parameters
        ----------
        at : int
            Its position, from 0.

        Returns
        -------
        Group
            The group.

        Raises
        ------
        UsageError
            If there is none.
        """
        if not 0 <= at < len(self):
            raise UsageError(f"there is no group at {at}: there are {len(self)}, counted from 0")
        return self.subject.groups[at]

    def decisions(self, at: int) -> dict[str, Decision]:
        """Say what would become of the images of a group, as the files stand now.

        Parameters
        ----------
        at : int
            Its position.

        Returns
        -------
        dict of str to Decision
            By path, of what was chosen or else of what is proposed; empty where the images are no duplicates of each other.
        """
        self.group(at)
        choice = self.choices.get(at)
        decided = () if choice == DIFFERENT else self._plan({at: choice}).decisions
        return {decision.path: decision for decision in decided}

    def accept(self, at: int) -> None:
        """Choose for a group what is proposed, as far as nothing holds it; what was chosen already stands.

        Parameters
        ----------
        at : int
            Its position.

        Raises
        ------
        UsageError
            If there is no such group, or its images are gone.
        """
        if self.choices.get(at) is None:
            made = as_decided(self._open(at), self.decisions(at).values())
            with self.choices.lock:
                self._open(at)
                if self.choices.get(at) is None:  # still: to look at the files takes a while
                    self.choices.add({at: made})

    def choose_keeper(self, at: int, position: int) -> None:
        """Choose which image of a group stays; the one that was to stay goes, if it is a duplicate of it.

        Parameters
        ----------
        at : int
            Position of the group.
        position : int
            Position of the image among the members by path.

        Raises
        ------
        UsageError
            If there is no such image, or the images are gone.
        """
        with self.choices.lock:
            now = self._now(at, position)
            assert now.keeper is not None
            made = Choice(position, tuple(sorted({*now.going, now.keeper} - {position})))
            if made != self.choices.get(at):
                self.choices.add({at: made})

    def mark(self, at: int, position: int) -> None:
        """Choose that an image goes, or that it stays where it was chosen to go.

        Parameters
        ----------
        at : int
            Position of the group.
        position : int
            Position of the image among the members by path.

        Raises
        ------
        UsageError
            If it is the keeper or another picture, there is no such image, or the images are gone.
        """
        with self.choices.lock:
            now = self._now(at, position)
            ordered = in_order(self.group(at))
            if position == now.keeper:
                raise UsageError("this image is the keeper: choose another keeper first")
            if ordered[position].tier is Tier.SIMILAR and ordered[now.keeper or 0].ref.path == ordered[position].keeper:
                raise UsageError("this is a similar picture, not the same one: it is never removed")
            self.choices.add({at: replace(now, going=tuple(sorted({*now.going} ^ {position})))})

    def differ(self, at: int) -> None:
        """Decide that the images of a group are no duplicates of each other, for every later search, too.

        Parameters
        ----------
        at : int
            Position of the group.

        Raises
        ------
        UsageError
            If there is no such group, or its images are gone.
        """
        with self.choices.lock:
            self._open(at)
            self.choices.differ(at)

    def acceptable(self, tier: Tier) -> NDArray[np.int64]:
        """Return the groups that can be accepted in one go: nothing was chosen, and all that is in them is of a tier.

        Parameters
        ----------
        tier : Tier
            EXACT, or COPY for exact and copy.

        Returns
        -------
        ndarray of int64, shape (n,)
            Positions, ascending.
        """
        free = self.subject.outline.tier <= tier
        free[self.choices.taken()] = False
        return np.flatnonzero(free)

    def accept_all(self, tier: Tier) -> int:
        """Choose what is proposed for all groups of a tier, as one step; what holds an image is found out with the plan.

        Parameters
        ----------
        tier : Tier
            EXACT, or COPY for exact and copy.

        Returns
        -------
        int
            How many groups.
        """
        with self.choices.lock:
            rows = self.acceptable(tier).tolist()
            self.choices.add({at: proposal(self.subject.briefs(at), tier) for at in rows})
            return len(rows)

    def take_back(self) -> int | None:
        """Take the last choice back, with the decision that it added to the ledger.

        Returns
        -------
        int or None
            The first group that it was about; None where none of them is here.

        Raises
        ------
        UsageError
            If nothing was chosen.
        """
        rows = self.choices.take_back()
        if rows is None:
            raise UsageError("nothing was chosen that could be taken back")
        return min(rows, key=self.route.rank, default=None)

    def plan(self) -> Plan:
        """Return the plan of all that was chosen.

        Returns
        -------
        Plan
            With the groups that something is to go of.

        Raises
        ------
        UsageError
            If nothing is to go; as `lookalike.planning.agreeing.only_seen`.
        """
        only_seen(root.path for root in self.subject.roots)
        wanted = {at: choice for at, choice in sorted(self.choices.all().items()) if choice.going}
        if not wanted:
            raise UsageError("nothing was chosen to go yet: accept a proposal, or mark an image")
        return self._plan(wanted)

    def apply(self, plan: Plan, *, progress: OnProgress | None = None) -> Applied:
        """Carry out a plan of this review, as `lookalike.apply` does.

        Parameters
        ----------
        plan : Plan
            From `plan`.
        progress : callable, optional
            ``(images done, images in all, True)``, called often.

        Returns
        -------
        Applied
            What came of it. Groups of which all went that was to go are removed; the others stand as they did.

        Raises
        ------
        UnsafeError, SourceError, LedgerError
            As `lookalike.apply`.
        """
        done = cleaning.apply(plan, ledger=self.ledger, workers=self._workers, progress=progress)
        if done.batch is not None:
            refused = {one.path for one in done.refused}
            held = {decision.group for decision in plan.removals if decision.path in refused}
            gone = {decision.group for decision in plan.removals} - held
            self.choices.remove([at for at, number in enumerate(self.subject.numbers) if number in gone], done.batch)
            if done.images:
                self.applied.append(done)
        return done

    def undo(self) -> Undone:
        """Bring back what the last plan of this review removed; its groups are open again.

        Returns
        -------
        Undone
            What is back; where nothing is (it was purged, or is in the trash of the desktop), its groups stay as they are.

        Raises
        ------
        UsageError
            If nothing was removed.
        UnsafeError, LedgerError
            As `lookalike.undo`.
        """
        if not self.applied:
            raise UsageError("nothing was removed in this review: `lookalike undo` brings back earlier batches")
        done = cleaning.undo(self.applied[-1], ledger=self.ledger)
        self.applied.pop()
        if done.files or not done.refused:
            self.choices.restore(done.batch)
        return done

    def _open(self, at: int) -> Group:
        if at in self.choices.removed:
            raise UsageError(f"what was to go of group {at + 1} is gone: undo brings it back")
        return self.group(at)

    def _now(self, at: int, position: int) -> Choice:
        """Return what was chosen for a group, or is proposed where nothing was or its images were called different."""
        group = self._open(at)
        if not 0 <= position < len(group.members):
            raise UsageError(f"group {at + 1} has no image {position}: it has {len(group.members)}, counted from 0")
        choice = self.choices.get(at) or DIFFERENT
        return choice if choice.keeper is not None else proposal(self.subject.briefs(at), self.options.tier)

    def _plan(self, chosen: Mapping[int, Choice | None]) -> Plan:
        groups, tiers, proposed = [], {}, self.options.tier
        for at, choice in chosen.items():
            group = self.subject.groups[at]
            groups.append(group if choice is None else as_chosen(group, choice, self._looks.members))
            if choice is not None:
                tiers[group.id] = loosest(self.subject.briefs(at), choice, proposed)
        digests = {member.ref.digest for group in groups for member in group.members if member.ref.digest is not None}
        standing = Standing.of(decisions(ledger=self.ledger), digests)
        return make_plan(
            groups, self.subject.roots, options=replace(self.options, tier=max([proposed, *tiers.values()])), tiers=tiers,
            orient=self.subject.orient, found=self.subject.found, confirm=self._looks, apart=standing.apart,
            reader=self.subject.reader,
        )  # fmt: skip
