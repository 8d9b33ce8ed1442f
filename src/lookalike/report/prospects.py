"""What `lookalike clean` would do with each image of findings, as far as these tell: in the order in which `planning` asks."""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lookalike.globs import compiled
from lookalike.labels import Root, class_of, conflict, names_below, root_of
from lookalike.model import MIN_DETAIL
from lookalike.plan import lost


class Prospect(NamedTuple):
    """What is to be expected of one image.

    Attributes
    ----------
    goes : bool
        Whether some `clean` takes it away without being told to lose anything.
    text : str
        So in words; a `command` follows them.
    command : str
        What it goes with; empty where it stays.
    """

    goes: bool
    text: str
    command: str = ""


class Prospects:
    """What is to be expected of the images of some findings; `clean` looks at the files again, and may keep more.

    Parameters
    ----------
    document : dict
        From `lookalike.Findings.to_dict`.
    real : callable, optional
        Gives back the document, or a member, with the paths that images have where they were searched.
    """

    def __init__(self, document: Mapping[str, Any], real: Callable[[Any], Any] | None = None) -> None:
        self._real = real or (lambda value: value)
        document = self._real({"by_root": document["by_root"], "options": document["options"]})
        self._roots = {
            row["path"]: Root(row["path"], row["images"], row["reference"], row["class_depth"], row["class_from"])
            for row in document["by_root"]
        }
        self._references = [path for path, root in self._roots.items() if root.reference]
        globs = document["options"]["protect"]
        self._protected = compiled(globs) if globs else None

    def of(self, member: Mapping[str, Any], keeper: Mapping[str, Any] | None) -> Prospect:
        """Say what is to be expected of one image.

        Parameters
        ----------
        member : mapping
            A member of a group of the document.
        keeper : mapping or None
            The member that it was verified against; None for the keeper of the group.

        Returns
        -------
        Prospect
            Without a look at any file.
        """
        if keeper is None:
            return Prospect(goes=False, text=f"stays: {member['reason']}")
        member, keeper = self._real(member), self._real(keeper)
        held = self._held(member) or self._holding(member, keeper)
        if held is not None:
            return Prospect(goes=False, text=held)
        verb = "clean" if _is_file(member) else "export"
        wanted = f"{verb} --tier edit" if member["tier"] == "edit" else verb
        if not _is_file(member):
            return Prospect(True, "only left out of keep lists and", wanted)
        if member["detail"] < MIN_DETAIL:
            return Prospect(True, "flat or nearly blank, goes only with", "clean --flat")
        return Prospect(True, "goes with", wanted)

    def _held(self, member: Mapping[str, Any]) -> str | None:
        if member["tier"] is None:
            return "stays: never verified against its keeper"
        if member["role"] == "similar":
            if member["tier"] == "similar":
                return "similar only: never goes"
            return "stays: not all of its shot has a keeper"
        path = member["path"]
        if root_of(path, self._references):
            return "stays: a reference"
        if self._protected is not None:
            for root in self._roots:
                below = names_below(path, root) or (os.path.basename(path),)
                if root_of(path, (root,)) and self._protected.match_file("/".join(below)):
                    return "stays: protected"
        return None

    def _holding(self, member: Mapping[str, Any], keeper: Mapping[str, Any]) -> str | None:
        if member["relation"] == "same file":
            return "stays: same file as its keeper"
        classes = conflict(self._class(member["path"]), self._class(keeper["path"]))
        if classes is not None:
            return f"stays: label conflict: {classes} (--across-folders)"
        if member["keeper_lacks"] and member["digest"] != keeper["digest"]:
            return f"stays: the {lost(member['keeper_lacks'])}"
        if _is_file(member) and not _is_file(keeper):
            return "stays: its keeper is no ordinary file"
        return None

    def _class(self, path: str) -> tuple[str, ...]:
        root = root_of(path, self._references) or root_of(path, self._roots)
        return () if root is None or path == root else class_of(os.path.dirname(path), self._roots[root])


def _is_file(member: Mapping[str, Any]) -> bool:
    """Say whether a member is an ordinary file: only those can be acted on."""
    return bool(member.get("source", "files") == "files")
