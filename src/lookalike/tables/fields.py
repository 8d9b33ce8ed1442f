"""Fields of JSON that somebody may have edited: what is missing, wrong, twice or unknown is an error that says where."""

import base64
import binascii
import json
import os
from typing import Any, NoReturn, TypeVar

from lookalike.errors import UsageError
from lookalike.model import DIGEST_BYTES
from lookalike.tables.files import printable

T = TypeVar("T")

LIMIT = 1 << 63
"""Below which numbers are, so that columns hold them."""
NOUNS: dict[type, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "an object",
}  # fmt: skip


class Fields:
    """An object of JSON, taken field by field.

    Parameters
    ----------
    value : object
        As `parse` gives it.
    label : str
        What it is called in messages.

    Raises
    ------
    UsageError
        If it is no object.
    """

    def __init__(self, value: object, label: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"{label} must be an object, got {_shown(value)}")
        self._fields: dict[str, Any] = value
        self._taken: set[str] = set()
        self.label = label

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def take(self, name: str, kind: type[T]) -> T:
        """Return a field that must be there.

        Parameters
        ----------
        name : str
            Its name.
        kind : type
            str, int, float (whole numbers too), bool, list or dict.

        Returns
        -------
        object
            Its value.

        Raises
        ------
        UsageError
            If it is missing or something else.
        """
        self._taken.add(name)
        if name not in self._fields:
            raise UsageError(f"{self.label} lacks the field {name}")
        value = self._fields[name]
        if kind is float and type(value) is int and abs(value) < LIMIT:
            value = float(value)
        if type(value) is not kind or (isinstance(value, str) and not _is_text(value)):  # exactly: true is no number
            self.wrong(name, NOUNS[kind])
        if isinstance(value, (int, float)) and not abs(value) < LIMIT:
            self.wrong(name, "a number that fits 64 bits")
        return value

    def optional(self, name: str, kind: type[T], default: T) -> T:
        """Return a field that may be missing.

        Parameters
        ----------
        name : str
            Its name.
        kind : type
            As for `take`.
        default : object
            What its absence means.

        Returns
        -------
        object
            Its value.

        Raises
        ------
        UsageError
            If it is there and something else.
        """
        self._taken.add(name)
        return self.take(name, kind) if name in self._fields else default

    def nullable(self, name: str, kind: type[T]) -> T | None:
        """Return a field that may be missing or null.

        Parameters
        ----------
        name : str
            Its name.
        kind : type
            As for `take`.

        Returns
        -------
        object or None
            Its value.

        Raises
        ------
        UsageError
            If it is there and something else.
        """
        if self._fields.get(name) is None:
            self._taken.add(name)
            return None
        return self.take(name, kind)

    def share(self, name: str) -> float | None:
        """Return a field that is a share, or may be missing or null.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        float or None
            0..1.

        Raises
        ------
        UsageError
            If it is there and something else.
        """
        value = self.nullable(name, float)
        if value is not None and not 0 <= value <= 1:
            self.wrong(name, "a number from 0 to 1")
        return value

    def path(self, name: str) -> str:
        """Return a path, from its bytes where these are given: the reverse of `lookalike.tables.path_fields`.

        Parameters
        ----------
        name : str
            Name of the field with the text.

        Returns
        -------
        str
            As `os.fsdecode` gives it.

        Raises
        ------
        UsageError
            If it is no path, or the text and the bytes beside it differ.
        """
        text, beside = self.take(name, str), f"{name}_bytes"
        self._taken.add(beside)
        try:
            path = text
            if beside in self._fields:
                path = os.fsdecode(base64.b64decode(self.take(beside, str), validate=True))
                if printable(path) != text:
                    raise UsageError(
                        f"{self.label}: {name} and {beside} name different files; change both, or delete {beside}"
                    )
        except binascii.Error:
            self.wrong(name, "a path")
        if not path or "\0" in path:
            self.wrong(name, "a path")
        return path

    def digest(self, name: str) -> bytes:
        """Return a digest written in hex.

        Parameters
        ----------
        name : str
            Name of the field.

        Returns
        -------
        bytes
            `DIGEST_BYTES` of it.

        Raises
        ------
        UsageError
            If it is not hex, or of another length.
        """
        text = self.take(name, str)
        try:
            digest = bytes.fromhex(text)
        except ValueError:
            digest = b""
        if len(digest) != DIGEST_BYTES:
            self.wrong(name, f"a digest of {DIGEST_BYTES} bytes in hex")
        return digest

    def nullable_path(self, name: str) -> str | None:
        """Return a path that may be missing or null.

        Parameters
        ----------
        name : str
            Name of the field with the text.

        Returns
        -------
        str or None
            As `path`.

        Raises
        ------
        UsageError
            If it is there and no path.
        """
        if self._fields.get(name) is None:
            self._taken |= {name, f"{name}_bytes"}
            return None
        return self.path(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts.

        Parameters
        ----------
        name : str
            Name of the field.

        Returns
        -------
        tuple of str
            The texts.

        Raises
        ------
        UsageError
            If it is missing or something else.
        """
        values = self.take(name, list)
        if not all(isinstance(value, str) and _is_text(value) for value in values):
            self.wrong(name, "a list of texts")
        return tuple(values)

    def objects(self, name: str, label: str) -> "list[Fields]":
        """Return a list of objects.

        Parameters
        ----------
        name : str
            Name of the field.
        label : str
            What one of them is called.

        Returns
        -------
        list of Fields
            The objects.

        Raises
        ------
        UsageError
            If it is missing or something else.
        """
        return [
            Fields(value, f"{self.label}, {label} {number}") for number, value in enumerate(self.take(name, list), 1)
        ]

    def end(self) -> None:
        """Refuse fields that nobody took: a misspelt one must not pass for one left out.

        Raises
        ------
        UsageError
            If there are any.
        """
        unknown = sorted(self._fields.keys() - self._taken)
        if unknown:
            raise UsageError(
                f"{self.label}: unknown field {printable(unknown[0])!r}; known are {', '.join(sorted(self._taken))}"
            )

    def wrong(self, name: str, wanted: str) -> NoReturn:
        """Refuse a field.

        Parameters
        ----------
        name : str
            Name of the field.
        wanted : str
            What it has to be.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(f"{self.label}: {name} must be {wanted}, got {_shown(self._fields.get(name))}")


def parse(text: str | bytes, label: str) -> Fields:
    """Read JSON whose outermost value is an object.

    Parameters
    ----------
    text : str or bytes
        JSON; as bytes in UTF-8.
    label : str
        What it is called in messages.

    Returns
    -------
    Fields
        Its fields.

    Raises
    ------
    UsageError
        If it is not JSON, has a field twice, or a number that JSON does not have.
    """
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{label} is not JSON: {error}") from error
    return Fields(value, label)


def load(path: str, label: str) -> Fields:
    """Read a JSON file whose outermost value is an object.

    Parameters
    ----------
    path : str
        The file.
    label : str
        What it is called in messages; its path follows.

    Returns
    -------
    Fields
        Its fields.

    Raises
    ------
    UsageError
        If it cannot be read, or as `parse`.
    """
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {printable(path)}: {error.strerror or error}") from error
    return parse(text, f"{label} {printable(path)}")


def _is_text(value: str) -> bool:
    """Say whether a text can be written; JSON has halves of pairs of surrogates, and nothing else has."""
    try:
        return value.isascii() or bool(os.fsencode(value))
    except UnicodeEncodeError:
        return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)} is there twice")
    return fields


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
