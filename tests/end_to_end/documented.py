"""The examples of a page of the docs: its fenced blocks, what they show, and whether that is what comes out.

``python`` blocks run one after the other in one namespace, ``pycon`` blocks as doctests in it, and of ``console`` blocks the
lines that begin with ``$ lookalike`` or ``$ mkdir``. What follows such a line, if anything does, is what it prints: ``...``
alone stands for any lines, within one for anything; seconds, bytes, names of batches and the home of Ann are those of whoever
runs it. A block after ``<!-- not run: reason -->`` is not run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(python|pycon|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = re.compile(r"<!-- not run: ([^>]{10,}) -->\n\Z")
OWN = re.compile(r"\d{4}-\d\d-\d\d-\d{6}|/home/ann|\b[\d.]+ (?=s\b|[kMG]?B\b)|\.\.\.")
"""What is another at each run or with another encoder: batch, home, seconds, bytes, and what is left out."""
RUN = ("lookalike ", "mkdir ")
"""How commands begin that are run."""
CODE = re.compile(r"#.*exit code (\d+)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is where its text begins in the page, `reason` why it is not run."""

    language: str
    text: str
    line: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what the page says it prints; None where it does not say."""

    command: str
    printed: str | None

    @property
    def code(self) -> int:
        """How it ends: as its comment says, else well."""
        said = CODE.search(self.command)
        return int(said[1]) if said else 0


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page that can be run, in order."""
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        reason = NOT_RUN.search(text, 0, match.start())
        yield Block(match[1], match[2], text.count("\n", 0, match.start()) + 1, reason and reason[1])


def steps(text: str) -> Iterator[Step]:
    """Yield the commands of this program in a console block."""
    for part in re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        if command.startswith(RUN):
            yield Step(command, printed or None)


def is_shown(printed: str, shown: str, known: dict[str, str]) -> bool:
    """Say whether a command showed what the page says; `known` learns what the page's own batches and folders are here."""
    words: list[str] = []

    def piece(part: str) -> str:
        if part == "...":
            return ".*"
        if part.endswith(" "):
            return r"[\d.,]+ "
        if part in known:
            return re.escape(known[part])
        if part in words:
            return f"(?P=own{words.index(part)})"
        words.append(part)
        return rf"(?P<own{len(words) - 1}>\S+?)"

    def line(text: str) -> str:
        parts = re.split(f"({OWN.pattern})", text)
        return "".join(piece(part) if at % 2 else re.escape(part) for at, part in enumerate(parts)) + r"\n"

    said = [r"(?:.*\n)*" if text.strip() == "..." else line(text.rstrip()) for text in printed.splitlines()]
    match = re.fullmatch("".join(said), "".join(f"{text.rstrip()}\n" for text in shown.splitlines()))
    if match:
        known.update({word: match[f"own{at}"] for at, word in enumerate(words)})
    return match is not None


def here(text: str, known: dict[str, str]) -> str:
    """Return a command or code with the page's own names replaced by what they are here."""
    for word, own in known.items():
        text = text.replace(word, own)
    return text
