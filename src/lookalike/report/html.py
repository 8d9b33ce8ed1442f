"""One self-contained HTML file: every value in it escaped, and a policy that lets it load nothing and run one script."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike.report import amount, counted, plain

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FOLDER = Path(__file__).parent / "templates"
NO_PICTURE = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"
"""Stands where there is no picture; the style makes it visible."""


def page(template: str, *, styles: tuple[str, ...], script: str | None = None, **values: Any) -> Iterator[str]:
    """Fill the template of a page.

    Parameters
    ----------
    template : str
        File name of a template that extends ``page.html``.
    styles : tuple of str
        File names of its styles.
    script : str or None
        File name of its script.
    **values
        What the template shows.

    Yields
    ------
    str
        HTML, part by part.
    """
    look = "".join(asset(name) for name in styles)
    code = "" if script is None else asset(script)
    scripts = _digest(code) if code else "'none'"
    policy = (
        f"default-src 'none'; img-src data:; style-src {_digest(look)}; script-src {scripts}; base-uri 'none'; "
        "form-action 'none'"
    )
    yield from (
        environment().get_template(template).generate(policy=policy, style=safe(look), script=safe(code), **values)
    )


def part(template: str, name: str) -> Callable[..., str]:
    """Return a macro of a template.

    Parameters
    ----------
    template : str
        File name of the template.
    name : str
        Name of the macro.

    Returns
    -------
    callable
        Its arguments -> HTML, as plain text: joined to other text, it escapes nothing of that.
    """
    macro = getattr(environment().get_template(template).module, name)
    return lambda *values: str(macro(*values))


@cache
def asset(name: str) -> str:
    """Return a style or a script by its file name.

    Parameters
    ----------
    name : str
        File name.

    Returns
    -------
    str
        What it holds.
    """
    return (FOLDER / name).read_text("utf-8")


def safe(text: str) -> "Markup":
    """Mark text as HTML that was made here, every value in it escaped already.

    Parameters
    ----------
    text : str
        HTML, CSS or a script.

    Returns
    -------
    Markup
        The same.
    """
    from markupsafe import Markup  # noqa: PLC0415 - pages are seldom wanted, and cost 40 ms to import

    return Markup(text)  # noqa: S704 - see above: nothing of a file gets here unescaped


def source(picture: bytes | None) -> str:
    """Return what an ``img`` element shows.

    Parameters
    ----------
    picture : bytes or None
        A WebP file; None where there is none.

    Returns
    -------
    str
        A ``data:`` address.

    Examples
    --------
    >>> source(b"RIFF")
    'data:image/webp;base64,UklGRg=='
    """
    return NO_PICTURE if picture is None else "data:image/webp;base64," + b64encode(picture).decode("ascii")


@cache
def environment() -> "Environment":
    """Return what fills templates: everything is escaped, and control characters are written as escapes.

    Returns
    -------
    Environment
        Of Jinja2; a name that a template knows and nobody gave is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - as in `safe`
    from markupsafe import Markup  # noqa: PLC0415

    def harmless(value: Any) -> Any:
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, finalize=harmless,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"amount": amount, "counted": counted}
    return made


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
