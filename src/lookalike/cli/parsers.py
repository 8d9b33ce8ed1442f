"""The parsers of verbs: what typer makes of functions, but for help that says all of it."""

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from lookalike.cli.verb import verb

ARGUMENTS, OPTIONS = "Arguments", "Options"
TOPICS = {
    "What to do": "act plan script dry_run yes yes_most yes_delete",
    "What to look at": "from_file against exclude include min_size follow_symlinks column units frames truncated",
    "What counts as the same": "tier algorithm size radius orient crops candidates verify group",
    "Which image stays, and what may go": (
        "keep protect accept action quarantine allow_loss flat within across_folders merge_metadata drop_metadata"
    ),
    "Results": (
        "output unmatched full_pictures keep_table keep_lists mask maps json show fail_on_duplicates estimate quiet verbose "
        "log_json help"
    ),
    "Memory and limits": "catalog no_catalog ledger workers readers max_pixels max_seconds max_memory read_ahead",
}
"""Topic -> names of options, in the help of a verb that has more than a screen can show; what is in none comes before."""
TOPIC = {name: topic for topic, names in TOPICS.items() for name in names.split()}
A_SCREEN = 20
"""Options."""


def named(parameter: Any) -> str:
    """Return how an option or argument is written.

    Parameters
    ----------
    parameter : click.Parameter
        Of a parser.

    Returns
    -------
    str
        Such as ``--tier TIER`` or ``PATH...``.
    """
    word = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "argument":
        return f"{word}..." if parameter.nargs == -1 and not word.endswith("...") else word
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag or parameter.count else f"{names} {word}"


def first_line(parser: Any) -> str:
    """Return what a verb does, as lists of verbs have it.

    Parameters
    ----------
    parser : click.Command
        Of the verb.

    Returns
    -------
    str
        The first paragraph of its help, on one line.
    """
    return " ".join(parser.help.partition("\n\n")[0].split())


class Verb(TyperCommand):
    """A verb, whose options stand in its help as they do in the docs; many of them by topic."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options; typer would add the types that Python has for them."""
        shown = self.get_params(ctx)
        many = len(shown) > A_SCREEN
        sections: dict[str, list[tuple[str, str]]] = {title: [] for title in (ARGUMENTS, OPTIONS, *TOPICS)}
        for one in shown:
            if (record := one.get_help_record(ctx)) is not None:
                topic = TOPIC.get(one.name, OPTIONS) if many else OPTIONS
                sections[ARGUMENTS if one.param_type_name == "argument" else topic].append((named(one), record[1]))
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Verbs(TyperGroup):
    """A verb that has verbs of its own, each with its whole line in the help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the verbs; typer would cut each line."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, first_line(parser)) for name, parser in self.commands.items()])


def verbs(about: Callable[[], None], functions: Mapping[str, Callable[..., None]]) -> typer.Typer:
    """Make a verb that has verbs of its own.

    Parameters
    ----------
    about : callable
        Does nothing; its docstring is the help.
    functions : mapping of str to callable
        Name -> function, as for `lookalike.cli.verb.verb`.

    Returns
    -------
    typer.Typer
        It.
    """
    made = typer.Typer(
        cls=Verbs,
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        subcommand_metavar="VERB [ARGS]...",
    )
    made.callback()(about)
    for name, function in functions.items():
        made.command(name, cls=Verb)(verb(function))
    return made


def one_verb(name: str, function: Callable[..., None]) -> typer.Typer:
    """Make a verb of a function.

    Parameters
    ----------
    name : str
        Of the verb.
    function : callable
        As for `lookalike.cli.verb.verb`.

    Returns
    -------
    typer.Typer
        It.
    """
    made = typer.Typer(add_completion=False, rich_markup_mode=None)
    made.command(name, cls=Verb)(verb(function))
    return made
