"""The options of find as one value: they are those of `lookalike.find`, with the same defaults, wherever a verb puts them."""

import inspect
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

import lookalike as la
from lookalike.cli.options import FindArguments, with_arguments
from lookalike.cli.verb import verb
from lookalike.errors import UsageError


def test_they_are_the_keywords_of_find_with_their_defaults() -> None:
    parameters = inspect.signature(la.find).parameters
    usual = {name: parameter.default for name, parameter in parameters.items() if name not in ("paths", "progress")}
    assert FindArguments().keywords() == usual


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"min_size": "200x10"}, {"min_size": (200, 10)}),
        ({"units": "off"}, {"units": False}),
        ({"no_catalog": True}, {"use_catalog": False}),
        ({"protect": ["raw/", "*.dng"]}, {"protect": ["raw/", "*.dng"]}),
        ({"ledger": "here.sqlite"}, {"ledger": "here.sqlite"}),
    ],
)
def test_what_each_means(given: dict[str, Any], meant: dict[str, Any]) -> None:
    assert FindArguments(**given).keywords() == FindArguments().keywords() | meant


@pytest.mark.parametrize(
    ("given", "message"),
    [({"min_size": "200"}, "--min-size takes WIDTHxHEIGHT in pixels such as 200x200, got '200'"),
     ({"units": "yes"}, "--units takes on or off, got 'yes'")],
)  # fmt: skip
def test_what_is_no_value(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        FindArguments(**given).keywords()
    assert str(caught.value) == message


def test_a_verb_has_them_where_its_function_says() -> None:
    seen: list[Any] = []

    @with_arguments(plan="tier", dry="plan")
    def clean(
        paths: Annotated[list[str], typer.Argument()],
        search: FindArguments,
        plan: Annotated[str | None, typer.Option()] = None,
        dry: Annotated[bool, typer.Option("--dry")] = False,  # noqa: FBT002 - as in a verb
        quiet: Annotated[bool, typer.Option("--quiet")] = False,  # noqa: FBT002
    ) -> None:
        """Say something."""
        seen.append((paths, search, plan, dry, quiet))

    app = typer.Typer(rich_markup_mode=None)
    app.command()(verb(clean))
    done = CliRunner().invoke(
        app, ["a", "b", "--tier", "copy", "--against", "c", "--plan", "p", "--against", "d", "--quiet"]
    )
    assert (done.exit_code, done.exception) == (0, None)
    assert seen == [(["a", "b"], FindArguments(tier="copy", against=["c", "d"]), "p", False, True)]
    listed = [word for word in CliRunner().invoke(app, ["--help"]).stdout.split() if word.startswith("--")]
    own = [f"--{name.replace('_', '-')}" for name in FindArguments.__dataclass_fields__]
    assert listed[:5] == ["--from-file", "--against", "--tier", "--plan", "--dry"]
    assert [word for word in listed if word in own] == own
    assert listed[listed.index("--readers") + 1 :][0] == "--quiet"


def test_a_verb_may_do_without_some() -> None:
    seen: list[Any] = []

    @with_arguments("against", orient="group")
    def leaks(
        paths: Annotated[list[str] | None, typer.Argument()] = None,
        *,
        search: FindArguments,
        orient: Annotated[str, typer.Option()] = "mirror",
    ) -> None:
        """Say something."""
        seen.append((paths, search, orient))

    app = typer.Typer(rich_markup_mode=None)
    app.command()(verb(leaks))
    assert CliRunner().invoke(app, ["a", "--tier", "copy"]).exit_code == 0
    assert seen == [(["a"], FindArguments(tier="copy", orient="mirror"), "mirror")]
    assert CliRunner().invoke(app, ["a", "--against", "b"]).exit_code == 2
    listed = [word for word in CliRunner().invoke(app, ["--help"]).stdout.split() if word.startswith("--")]
    assert "--against" not in listed
    assert listed[listed.index("--group") + 1] == "--orient"


def test_the_findings_say_what_was_asked_for(tmp_path: Path) -> None:
    options = la.find(tmp_path, protect=["raw/"], units=False, use_catalog=False).to_dict()["options"]
    assert (options["protect"], options["units"]) == (["raw/"], False)
