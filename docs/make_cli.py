"""Write the reference of the command line, cli.md, from the program's own parser: ``python docs/make_cli.py``.

Whatever it says is said in src/lookalike/cli; a test compares the page with the program.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lookalike.cli.main import program
from lookalike.cli.parsers import named
from lookalike.cli.verbs import TASKS

PAGE = Path(__file__).with_name("cli.md")
EXIT_CODES = PAGE.with_name("exit-codes.md")
HEAD = """\
<!-- Written by `python docs/make_cli.py`. What it says is said in src/lookalike/cli. -->
# The command line

`lookalike VERB [OPTION ...] [PATH ...]`

Every verb has `--help` (`-h`); `lookalike --version` says which version, kernel and decoders are in use. Results go to
standard output, progress and warnings to standard error. Options and paths may come in any order; after `--` all words are
paths. A PATH is a folder, a file, an archive, a table or a URL ([What may be searched](sources.md)).
"""
SEE_ALSO = """
## Shell completion

`lookalike completion bash` (or `zsh`, `fish`, `powershell`) prints what to add to the start of a shell, so that Tab completes
verbs, options, their values and paths: [Install](install.md#shell-completion).
"""


def page() -> str:
    """Return the whole page.

    Returns
    -------
    str
        Markdown.
    """
    root = program()
    own = "".join(["\n", *map(_option, root.params), *_by_task()])
    verbs = _verbs(root.commands)
    codes = "\n#" + EXIT_CODES.read_text("utf-8")
    return "".join([HEAD, own, *(text for name, verb in verbs for text in _section(name, verb)), codes, SEE_ALSO])


def _by_task() -> Iterator[str]:
    """Yield what there is to be done, as ``lookalike --help`` has it."""
    for task, verbs in TASKS.items():
        yield f"\n{task}:\n\n"
        yield from (f"- [{name}](#lookalike-{name}): {_sentences(line)}\n" for name, line in verbs.items())


def _verbs(verbs: dict[str, Any], before: str = "lookalike") -> Iterator[tuple[str, Any]]:
    """Yield names and parsers of all verbs, and after each group its own."""
    for name, verb in verbs.items():
        yield f"{before} {name}", verb
        yield from _verbs(getattr(verb, "commands", {}), f"{before} {name}")


def _section(name: str, verb: Any) -> Iterator[str]:
    purpose, _, rest = inspect.cleandoc(verb.help).partition("Example: ")
    example, _, more = rest.partition("\n\n")
    yield f"\n## {name}\n\n{_sentences(f'{purpose} {more}')}\n\n```console\n$ {' '.join(example.split())}\n```\n"
    if hasattr(verb, "commands"):
        return
    shown = [parameter for parameter in verb.params if not parameter.hidden]
    arguments = [parameter for parameter in shown if parameter.param_type_name == "argument"]
    options = [parameter for parameter in shown if parameter.param_type_name == "option"]
    yield f"\n`{' '.join([name, *(['[OPTION ...]'] if options else []), *map(_place, arguments)])}`\n\n"
    yield from (f"- `{argument.metavar}`: {_sentences(argument.help)}\n" for argument in arguments if argument.help)
    yield from map(_option, options)


def _place(argument: Any) -> str:
    word = named(argument).replace("...", " ...")
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> str:
    alone = option.is_flag or option.count
    default = "" if alone or option.default in (None, "") or not option.show_default else option.default
    told = f" Default: `{default}`." if default else ""
    return f"- `{named(option)}`: {_sentences(option.help)}{told}\n"


def _sentences(text: str) -> str:
    """Return help as Markdown: on one line, options and code as code, the rest taken literally."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if at % 2 else _literal(part) for at, part in enumerate(parts))


def _literal(text: str) -> str:
    marked = re.sub(r"([*_<>|])", r"\\\1", text)
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", marked)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
