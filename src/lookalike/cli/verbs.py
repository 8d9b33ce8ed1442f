"""The verbs: one table for help, completion and docs, and the parser of each, made when it is wanted."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from lookalike.cli.parsers import one_verb
from lookalike.cli.verb import writing

TASKS = {
    "Find duplicates": {
        "find": "Find the images that are the same picture.",
        "review": "Look at the groups in a browser, and choose what goes.",
        "search": "Find the images that show the same as a given one.",
        "compare": "Say how images are alike, and by how much.",
    },
    "Clean up, and take it back": {
        "clean": "Say which duplicates would go, and why; --apply lets them go.",
        "undo": "Bring back what clean or review took away.",
        "history": "List what was taken away, where it lies, and how large it is.",
        "purge": "Remove for good what lies in the quarantine, to free its space.",
        "apply": "Carry out a plan that clean wrote to a file.",
        "decide": "Say for good that images are no duplicates, or have to stay.",
    },
    "Data sets": {
        "leaks": "Find pictures that are in more than one split of a data set.",
        "export": "Write a set without its duplicates to a new place.",
        "hash": "Write the hashes of images to a table.",
        "features": "Write what is measured of pairs of images, for a model.",
        "tune": "Say which hash, radius and tier suit a collection.",
        "spark": "Do the same on Apache Spark, for more than one machine can take.",
    },
    "The program itself": {
        "catalog": "Look after the catalog, where scans are remembered.",
        "completion": "Print what teaches a shell to complete by Tab.",
    },
}
"""Task -> verb -> its line in the help: in the order in which people come to need them. Each verb is a module beside this one,
with a function or a group of verbs of its own name, whose help begins with that line."""
VERBS: dict[str, str] = {name: line for verbs in TASKS.values() for name, line in verbs.items()}


class Parsers(Mapping[str, Any]):
    """Verb -> parser, made when it is asked for: to import what all of them need takes longer than to search a small folder."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in VERBS:
            raise KeyError(name)
        if name not in self._made:
            part = getattr(import_module(f"lookalike.cli.{name}"), name)
            parser = typer.main.get_command(part if isinstance(part, typer.Typer) else one_verb(name, part))
            parser.name = name
            self._made[name] = parser
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


class Program(TyperGroup):
    """The parser of the whole command line."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = Parsers()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """Return the names of all verbs."""
        return list(VERBS)

    def make_context(self, *given: Any, **named: Any) -> Any:
        """Parse; this is where --help and --version print."""
        with writing():
            return super().make_context(*given, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        with writing():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the verbs by task, without a look at any."""
        width = max(map(len, VERBS))
        for task, verbs in TASKS.items():
            with formatter.section(task):
                formatter.write_dl([(name.ljust(width), line) for name, line in verbs.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Offer the verbs, without a look at any."""
        whole = self.commands
        self.commands = {name: TyperCommand(name, short_help=line) for name, line in VERBS.items()}
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.commands = whole
