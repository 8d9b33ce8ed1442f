"""How the pages are built: ``sphinx-build -W docs SITE`` for HTML, ``sphinx-build -W -b man docs MAN`` for lookalike(1)."""

import re
from importlib.metadata import version as installed
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "lookalike"
author = "the lookalike developers"
release = version = installed("lookalike")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["build"]

myst_heading_anchors = 3
nitpicky = True
smartquotes_action = "D"  # dashes alone, between a type and what is said of it
default_role = "py:obj"  # `find` in a docstring is a link where there is such a name
nitpick_ignore_regex = [
    ("py:.*", r"(?!lookalike\.).*"),  # names of other packages, and words in backticks
]
napoleon_use_param = False  # types are prose, "list of str or None", and no names to be looked up
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
autodoc_class_signature = "separated"  # from __init__, which is left out: most classes are made by functions
autodoc_default_options = {"exclude-members": "__init__, __new__"}
autodoc_member_order = "bysource"
autodoc_typehints = "none"

html_theme = "furo"
html_title = "lookalike"
html_copy_source = False
html_static_path = ["style"]
html_css_files = ["wide.css"]
html_show_copyright = False

man_pages = [("cli", "lookalike", "find the images that are the same picture", "", 1)]

linkcheck_ignore = ["https?://"]  # only what is inside is checked: a build must not depend on other people's servers

LISTED = re.compile(r"^- \[([^\]]+)\]\(([\w/-]+)\.md\)", re.MULTILINE)
BESIDE = re.compile(r"\[([^\]]+)\]\(\.\./\w+\.md\)")
COLON = "\N{RATIO}"
CONTENTS = ("index", "adr/README")
"""Pages that list others."""


def _leave_out(_app: "Sphinx", page: str, source: list[str]) -> None:
    """Turn links to pages beside the docs, such as ../SECURITY.md, into text: a site has no such pages."""
    if "/" not in page:
        source[0] = BESIDE.sub(r"\1", source[0])


def _navigate(app: "Sphinx", page: str, source: list[str]) -> None:
    """Make the navigation of the lists of links in a page of contents, which are all that a code host needs.

    A page that no list names comes at the end of the last one.
    """
    if page not in CONTENTS:
        return
    parts = re.split(r"^## (.+)\n", "\n" + source[0], flags=re.MULTILINE)
    lists = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    trees = [(caption, LISTED.findall(text)) for caption, text in lists]
    folder, _, own = page.rpartition("/")
    beside = {name.rpartition("/")[2] for name in app.env.found_docs if name.rpartition("/")[0] == folder}
    rest = sorted(beside - {own} - {name for _, names in trees for _, name in names})
    for caption, names in trees:
        lines = [f":caption: {caption}"] * bool(caption) + [f"{title} <{name}>" for title, name in names]
        if caption == trees[-1][0]:
            lines += rest
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", *lines, "```", ""])


def _unlink(app: "Sphinx", tree: nodes.document, _page: str) -> None:
    """Leave the text of links alone on the manual page, where other pages have no address."""
    if app.builder.name == "man":
        for link in list(tree.findall(nodes.reference)):
            link.replace_self(link.children)


def _hide_colon(_app: "Sphinx", what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    """Keep napoleon from taking what comes before the first colon of a property's docstring for its type."""
    if what == "property":
        lines[:1] = [line.replace(":", COLON) for line in lines[:1]]


def _show_colon(_app: "Sphinx", _what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    lines[:] = [line.replace(COLON, ":") for line in lines]


def setup(app: "Sphinx") -> None:
    """Have the navigation made, and docstrings left whole."""
    app.connect("source-read", _leave_out)
    app.connect("source-read", _navigate)
    app.connect("autodoc-process-docstring", _hide_colon, priority=400)  # napoleon comes at 500
    app.connect("autodoc-process-docstring", _show_colon, priority=600)
    app.connect("doctree-resolved", _unlink)
