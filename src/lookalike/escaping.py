"""Text from elsewhere, such as names of files, on one printable line."""

import re


def plain(text: str) -> str:
    """Return text that cannot move the cursor: control characters and undecodable bytes are written as escapes.

    Parameters
    ----------
    text : str
        Any text, such as a path.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> plain("a\\nb\\x1b[2J\\udcff.jpg")
    'a\\\\nb\\\\x1b[2J\\\\udcff.jpg'
    """
    return re.sub(
        "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]",
        lambda found: repr(found[0])[1:-1],
        text,
    )
