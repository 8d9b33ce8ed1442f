"""The last look before a file goes: it and its keeper are what the plan says, and still show the same picture."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from lookalike.errors import DecodeError, SourceError, UnsafeError
from lookalike.files import Seen, contents_of, digest_of, lies_at, look_at
from lookalike.files.quarantine import Shelf, is_within
from lookalike.journal import QUARANTINE
from lookalike.plan import LINKS, Decision, Part, Plan
from lookalike.planning.beside import Beside
from lookalike.planning.standing import absolute
from lookalike.sources.rules import library_of
from lookalike.stores.decisions import Standing
from lookalike.verdicts.confirming import confirmer


@dataclass(frozen=True, slots=True)
class Ready:
    """One file that may go.

    Attributes
    ----------
    origin : str
        Absolute path, its folder without symlinks.
    seen : Seen
        What the name was when its content was digested.
    digest : bytes
        BLAKE3 of the content, as planned.
    keeper : str or None
        Absolute path of what stays of it.
    keeper_seen : Seen or None
        What that name was.
    keeper_digest : bytes or None
        BLAKE3 of its content.
    """

    origin: str
    seen: Seen
    digest: bytes
    keeper: str | None = None
    keeper_seen: Seen | None = None
    keeper_digest: bytes | None = None

    def still(self) -> None:
        """Check once more, right before the act, that neither name was touched since.

        Raises
        ------
        UnsafeError, OSError
            If one was.
        """
        _check_still("it", self.origin, self.seen, self.digest, follow=False)
        if self.keeper is not None and self.keeper_seen is not None:
            _check_still("its keeper", self.keeper, self.keeper_seen, self.keeper_digest, follow=True)

    def stays(self) -> None:
        """Check right after the act that the keeper did not go along, as another name of the same file would.

        Raises
        ------
        UnsafeError, OSError
            If it did.
        """
        if self.keeper is None or self.keeper_seen is None:
            return
        if not (lies_at(self.keeper) and self.keeper_seen.moved_to(look_at(self.keeper))):
            raise UnsafeError("its keeper went or changed in that moment: the two may be names of one file")


def _check_still(what: str, path: str, seen: Seen, digest: bytes | None, *, follow: bool) -> None:
    now = look_at(path)
    if now == seen and (now.target is None or not follow):
        return
    # Where all but the time of the last change agree, another name of the file has come or gone, most likely by us; the bytes
    # decide then, as they do of what a keeper leads to that is a symlink.
    if not seen.moved_to(now) or digest_of(path) != digest:
        raise UnsafeError(f"{what} was changed while it was being checked")


def resolve(folder: str, path: str) -> str:
    """Return a path from the top of the file system, with no symlink in its folder; its last name is left as it is.

    Parameters
    ----------
    folder : str
        Absolute; where a relative path starts.
    path : str
        The path.

    Returns
    -------
    str
        Absolute.

    Raises
    ------
    UnsafeError
        If the path does not end in a name.
    """
    above, name = os.path.split(os.path.join(folder, path))
    if name in ("", os.curdir, os.pardir):
        raise UnsafeError("it is no name of a file")
    return os.path.join(os.path.realpath(above), name)


def _may_be_one_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Say whether two names on different devices may be of one file, by two mounts of what it lies in.

    Two mounts tell the number and all times of a file alike; no copy can have the time at which its original was last changed.
    A snapshot or a clone of a file system has, too, and no system tells these apart from a mount.
    """
    facts = ((status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns) for status in (one, other))
    return one.st_dev != other.st_dev and len(set(facts)) == 1


def check_folder(plan: Plan) -> None:
    """Check that a plan is where it was made: else it would be refused file by file.

    Parameters
    ----------
    plan : Plan
        The plan.

    Raises
    ------
    SourceError
        If its folder is not there, or none of its roots is the folder any more that it was.
    """
    again = "make the plan again, or carry it out where it was made"
    relative = [root for root in plan.roots if not os.path.isabs(root.path)]
    if relative and not os.path.isdir(plan.folder):
        raise SourceError(f"the paths of the plan start from {plan.folder}, which is not there: {again}")
    now = [absolute(os.path.join(plan.folder, root.path)) for root in plan.roots]
    if all(here != root.absolute for here, root in zip(now, plan.roots, strict=True)):
        root = plan.roots[0]
        raise SourceError(
            f"the plan was made for {root.absolute}, and {root.path} as seen from its folder {plan.folder} is {now[0]}: {again}"
        )


def _names_to(path: str) -> Iterator[str]:
    """Yield a path and, while it is a symlink, each name on the way to its file."""
    yield path
    while os.path.islink(path):
        path = resolve(os.path.dirname(path), os.readlink(path))
        yield path


class Rechecker:
    """Check the removals of one plan; may be called from several threads.

    Parameters
    ----------
    plan : Plan
        The plan.
    shelves : sequence of Shelf
        The quarantines of its roots.
    decided : Standing
        What people decided about contents, maybe since the plan was made.
    """

    def __init__(self, plan: Plan, shelves: Sequence[Shelf], decided: Standing | None = None) -> None:
        self._plan, self._shelves, self._decided = plan, shelves, decided or Standing()
        self._kept = {decision.path: decision for decision in plan.decisions if decision.verdict == "keep"}
        self._going = self._origins()
        self._staying = {path for path in map(self._resolved, self._kept) if path is not None}
        images = {path for path in (self._resolved(decision.path) for decision in plan.decisions) if path is not None}
        with_parts = (self._resolved(decision.path) for decision in plan.removals if decision.parts)
        self._beside = Beside((path for path in with_parts if path is not None), images)
        self._known: dict[str, tuple[Seen, bytes]] = {}
        self._confirm = confirmer(plan.found, plan.orient)
        self._lock = Lock()

    def _origins(self) -> set[str | tuple[int, int]]:
        """Return the resolved paths of all files that go, and what the system calls those that are no symlinks."""
        found: set[str | tuple[int, int]] = set()
        for decision in self._plan.removals:
            for path in (decision.path, *(part.path for part in decision.parts)):
                origin = self._resolved(path)
                if origin is None:
                    continue
                found.add(origin)
                try:
                    status = os.lstat(origin)
                except OSError:
                    continue
                if stat.S_ISREG(status.st_mode):
                    found.add((status.st_dev, status.st_ino))
        return found

    def _resolved(self, path: str) -> str | None:
        try:
            return resolve(self._plan.folder, path)
        except UnsafeError:
            return None  # it will be refused when its turn comes

    def __call__(self, decision: Decision) -> list[Ready]:
        """Check an image and what goes along with it.

        Parameters
        ----------
        decision : Decision
            A removal.

        Returns
        -------
        list of Ready
            The image first; of an action that leaves a link only that.

        Raises
        ------
        UnsafeError
            If it must stay; says why.
        """
        assert decision.keeper is not None
        links = self._plan.options.action in LINKS
        try:
            found = [self._image(decision, decision.keeper)]
            parts = () if links else decision.parts  # where the name stays, so does what belongs to it
            found += [self._part(part) for part in parts]
        except OSError as error:
            raise UnsafeError(f"it cannot be checked: {error.strerror or error}") from error
        if links and found[0].digest != found[0].keeper_digest:
            raise UnsafeError("a link can only take the place of an equal file, and its keeper has other bytes")
        if links and found[0].seen.target is not None:
            raise UnsafeError("it is a symlink, which takes no space")
        if self._plan.options.action == "hardlink" and os.path.islink(found[0].keeper or ""):
            raise UnsafeError("its keeper is a symlink, which a hardlink would only repeat")
        return found

    def _image(self, decision: Decision, keeper: str) -> Ready:
        kept = self._kept[keeper]  # plan.check has seen to it
        ready = self._ready(decision.path, decision.digest, keeper, kept.digest)
        if ready.seen.target is not None and not decision.symlink:
            raise UnsafeError("it is a symlink now")
        if ready.seen.target is None and decision.symlink:
            raise UnsafeError("it is no symlink any more")
        self._compare(ready)
        return ready

    def _part(self, part: Part) -> Ready:
        try:
            ready = self._ready(part.path, part.digest, part.keeper, None)
            self._check_owners(part, ready.origin)
            self._compare(ready)
        except UnsafeError as error:
            raise UnsafeError(f"{part.path} goes along with it, but {error}") from error
        return ready

    def owners(self, path: str) -> list[str]:
        """Return the images that a file belongs to that goes along with one of them.

        Parameters
        ----------
        path : str
            The file, absolute.

        Returns
        -------
        list of str
            Absolute paths; none for what is no sidecar.
        """
        return [image for unit in self._beside.owners(path) for image in unit.images]

    def _check_owners(self, part: Part, path: str) -> None:
        owners = self.owners(path)
        if part.keeper is None and (self._plan.options.metadata == "stay" or not owners):
            raise UnsafeError("nothing stays of that")  # only a sidecar may be given up, never a picture
        staying = next((image for image in owners if image not in self._going), None)
        if staying is not None:
            raise UnsafeError(f"it also belongs to {staying}, which stays")

    def _ready(self, path: str, digest: bytes, keeper: str | None, keeper_digest: bytes | None) -> Ready:
        origin = resolve(self._plan.folder, path)
        self.check_place(origin)
        if origin in self._staying:
            raise UnsafeError("the plan also keeps it, by another spelling of its path")
        seen, now = self._digest(origin, "it", keep=False)
        if now != digest:
            raise UnsafeError("its content has changed since the plan was made")
        if keeper is None:
            return Ready(origin, seen, digest)
        stays = resolve(self._plan.folder, keeper)
        keeper_seen, kept = self._digest(stays, "its keeper", keep=True)
        if keeper_digest is not None and kept != keeper_digest:
            raise UnsafeError("the content of its keeper has changed since the plan was made")
        if self._decided.apart(kept, now):
            raise UnsafeError("somebody decided that it is no duplicate of its keeper (`lookalike decide list`)")
        one, other = os.stat(origin), os.stat(stays)
        if os.path.samestat(one, other):
            raise UnsafeError("it is the same file as its keeper")
        if _may_be_one_file(one, other):
            raise UnsafeError("it is the same file as its keeper by another mount, or in a clone of that file system")
        self._check_quarantine(stays, "its keeper")
        if any(name in self._going for name in _names_to(stays)) or (other.st_dev, other.st_ino) in self._going:
            raise UnsafeError("its keeper goes itself")
        return Ready(origin, seen, digest, stays, keeper_seen, kept)

    def check_place(self, origin: str) -> None:
        """Check that a file lies where this plan may act.

        Parameters
        ----------
        origin : str
            Absolute path, its folder without symlinks.

        Raises
        ------
        UnsafeError
            If it lies outside the roots, or in what belongs to an application or a quarantine.
        """
        if not any(origin == root.absolute or is_within(origin, root.absolute) for root in self._plan.roots):
            raise UnsafeError("it lies outside the roots of the plan")
        if library := library_of(origin):
            raise UnsafeError(f"it lies in {library}, which an application keeps to itself")
        self._check_quarantine(origin, "it")

    def _check_quarantine(self, path: str, what: str) -> None:
        if QUARANTINE in path.split(os.sep) or any(is_within(path, shelf.folder) for shelf in self._shelves):
            raise UnsafeError(f"{what} lies in a quarantine")

    def _digest(self, path: str, what: str, *, keep: bool) -> tuple[Seen, bytes]:
        """Return what a name is and the digest of its content; keepers are asked for again and again."""
        try:
            seen = look_at(path)
            with self._lock:
                known = self._known.get(path)
            if known is not None and known[0] == seen and seen.target is None:
                return known
            digest = digest_of(path)
            if look_at(path) != seen:
                raise UnsafeError(f"{what} was changed while it was being checked")
        except FileNotFoundError as error:
            raise UnsafeError(f"{what} is not there any more") from error
        except OSError as error:
            raise UnsafeError(f"{what} cannot be read: {error.strerror or error}") from error
        if keep:
            with self._lock:
                self._known[path] = seen, digest
        return seen, digest

    def _compare(self, ready: Ready) -> None:
        """Where the bytes differ, have both files decoded and verified again."""
        if ready.keeper is None or ready.digest == ready.keeper_digest:
            return
        options = self._plan.options
        files = []
        for path, digest in ((ready.keeper, ready.keeper_digest), (ready.origin, ready.digest)):
            content, now = contents_of(path)
            if now != digest:
                raise UnsafeError("it or its keeper was changed while it was being checked")
            files.append((content, path))
        try:
            found = self._confirm(files[0], files[1])
        except (DecodeError, MemoryError) as error:
            raise UnsafeError(f"it or its keeper cannot be decoded: {error}") from error
        if found.tier > options.tier:
            raise UnsafeError(
                f"a last look at the files does not find it to be of tier {options.tier.name.lower()}: {found.relation}"
            )
        if lacks := [name for name in found.lacks[0] if name not in options.allow_loss]:
            raise UnsafeError(f"keeper carries less: {', '.join(lacks)}")
