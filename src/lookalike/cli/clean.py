"""`lookalike clean`."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lookalike import __version__, report, tables
from lookalike.cli.acting import REFUSED, act_on, refusals
from lookalike.cli.choices import MAY_GO, Show, choice
from lookalike.cli.commands import command
from lookalike.cli.kept import KeptArguments
from lookalike.cli.options import FindArguments, KeepArguments, Maps, findings_file, shown_groups, with_arguments
from lookalike.cli.progress import progress_bar
from lookalike.deciding import decisions
from lookalike.errors import UsageError
from lookalike.finding import find
from lookalike.groups.findings import Findings
from lookalike.model import Tier
from lookalike.plan import KeepOptions, Plan
from lookalike.planning.agreeing import only_files
from lookalike.planning.making import freed, plan_document
from lookalike.removal.scripting import script_of
from lookalike.report import plans
from lookalike.report.plans import DOES
from lookalike.stores.decisions import Standing

INCOMPLETE = 3


@with_arguments()
def clean(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, URLs, or findings of `find` (.json).")
    ] = None,
    tier: Annotated[str, choice("Loosest tier that goes: exact, copy or edit.", *MAY_GO)] = "copy",
    act: Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is done.")] = False,
    plan: Annotated[str | None, typer.Option(metavar="FILE", help="Write the plan, for `lookalike apply FILE`.")] = None,
    script: Annotated[str | None, typer.Option(metavar="FILE", help="Write the plan as a shell script.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop, as without --apply.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    yes_most: Annotated[bool, typer.Option("--yes-most", help="Agree to over half of the images of a PATH going.")] = False,
    yes_delete: Annotated[bool, typer.Option("--yes-delete", help="Agree to the action delete, which nothing undoes.")] = False,
    acting: KeepArguments = KeepArguments(),  # noqa: B008 - frozen
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    kept: KeptArguments = KeptArguments(),  # noqa: B008 - frozen
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON instead of text.")] = False,
    show: Show = str(report.SHOWN_GROUPS),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no plan, no summary.")] = False,
) -> None:  # fmt: skip
    """Say which duplicates would go, and why; --apply lets them go.

    What goes lies in a quarantine beside the folder, and `lookalike undo` brings it back; `lookalike purge` frees the space.

    Example: lookalike clean Photos --keep folder:Photos/best,resolution --apply
    """
    if dry_run and act:
        raise UsageError("--dry-run and --apply exclude each other")
    shown, called = shown_groups(show), tables.PathMap.parse(maps or ())
    for path in (plan, script):
        if path is not None:
            tables.check_folder(path)
    kept.check()
    given = search.paths(paths)
    if kept and findings_file(given, search, "tier") is not None:
        raise UsageError(
            f"keep lists are about every image, and {given[0]} names only those in groups: name what it searched"
        )
    told = acting.keywords(search)
    made, seen, findings = _plan(given, search, tier, told, called, quiet=quiet)
    if act or script is not None:
        only_files(made)
    if findings is not None and kept:
        kept.write(
            findings.keep_table(made, relations=kept.relations), findings.to_dict(0)["options"], findings.reader, called
        )
    if plan is not None:
        tables.write_plan(made, plan)
    code = 0 if script is None else _write_script(made, script, called)
    if json:
        sys.stdout.write(tables.plan_to_json(made))
    elif not quiet:
        _print(made, seen, shown, None if act else _next(made, plan, script), called)
    if act:
        agreed = {"yes": yes, "yes_most": yes_most, "yes_delete": yes_delete}
        code = (
            act_on(
                made, **agreed, ledger=search.ledger, workers=search.workers, called=called, quiet=quiet, to_stderr=json
            )
            or code
        )  # fmt: skip
    raise typer.Exit(code or (INCOMPLETE if findings is not None and findings.incomplete else 0))


def _print(made: Plan, seen: Sequence[str], shown: int | None, next_step: str | None, called: tables.PathMap) -> None:
    gained = {called.path(path): size for path, size in freed(made).items()}
    for line in plans.lines(called(made), gained, seen=seen, show=shown):
        typer.echo(line)
    if next_step is not None:
        typer.echo("")
        typer.echo(next_step)


def _plan(
    paths: list[str], search: FindArguments, tier: str, told: dict[str, Any], called: tables.PathMap, *, quiet: bool
) -> tuple[Plan, Sequence[str], Findings | None]:
    """Find and decide, or decide about findings from a file; return what was seen and found, too."""
    options = KeepOptions(tier=Tier.parse(tier), **told)
    found = findings_file(paths, search, "tier")
    if found is not None:
        document = called.back(tables.read_document(found))
        digests = {member.ref.digest for group in document.groups for member in group.members if member.ref.digest}
        decided = Standing.of(decisions(ledger=search.ledger), digests)
        return plan_document(document, options=options, apart=decided.apart), (), None
    with progress_bar(quiet=quiet) as progress:
        findings = find(paths, **search.keywords(), progress=progress)
    for warning in findings.warnings:
        typer.echo(f"lookalike: {report.plain(called.text(warning))}", err=True)
    incomplete = [called.text(line) for line in findings.incomplete]
    seen = report.summary(findings.stats, called(findings.to_dict(0))["failures"], incomplete)
    return findings.plan(tier=tier, **told), list(seen), findings


def _write_script(made: Plan, path: str, called: tables.PathMap) -> int:
    """Write the script, and say what is not in it; return the exit code."""
    name = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S-script")
    content, refused = script_of(made, name, __version__, called)
    tables.replace_file(path, content)
    for line in refusals(called(refused), "not in the script"):
        typer.echo(line, err=True)
    return REFUSED if refused else 0


def _next(made: Plan, plan: str | None, script: str | None) -> str | None:
    if not made.removals:
        return None
    if plan is not None:
        return f"Nothing was done. Edit the plan if you like, then: {command('apply', plan)}"
    if script is not None:
        return f"Nothing was done. Read the script if you like, then: {report.plain(shlex.join(['sh', script]))}"
    if any(decision.source != "files" for decision in made.removals):
        return "Nothing was done."
    doing = DOES[made.options.action].format("what goes")
    back = "; `lookalike undo` brings it back" if made.options.action not in ("trash", "delete") else ""
    return f"Nothing was done. {doing}{back}:\n  {command(*sys.argv[1:], '--apply')}"
