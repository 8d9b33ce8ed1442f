"""What runs in this installation: which kernels, and what decodes images."""

import contextlib
from functools import cache
from importlib import import_module

from PIL import __version__ as pillow_version

from lookalike.kernels import IS_COMPILED, REFERENCE

RAW = "rawpy"
"""Finds the previews of camera raw files; it wraps LibRaw."""
PLUGINS: dict[str, str | None] = {"pi_heif": "register_heif_opener", "pillow_jxl": None, RAW: None}
"""Optional decoders of the extras `formats` and `jxl`: module -> function to call once, or None where importing is enough."""


def kernel() -> str:
    """Return what compares hashes, without an import of all that does.

    Returns
    -------
    str
        An instruction set, or `lookalike.kernels.REFERENCE`.

    Examples
    --------
    >>> from lookalike import join
    >>> kernel() == join.KERNELS[0]
    True
    """
    if not IS_COMPILED:
        return REFERENCE
    from lookalike._native import kernels  # noqa: PLC0415 - it is there

    return kernels()[0]


@cache
def decoders() -> str:
    """Register the optional decoders that are installed and name the whole set.

    Returns
    -------
    str
        Such as ``pillow 13.0.0+pi_heif``; stored with every content, so that what could not be read for want of a
        decoder is tried again when the set changes.
    """
    present = []
    for module, register in PLUGINS.items():
        with contextlib.suppress(ImportError):  # not installed, or its library cannot be loaded
            plugin = import_module(module)
            if register is not None:
                getattr(plugin, register)()
            present.append(module)
    return "+".join([f"pillow {pillow_version}", *present])


def environment() -> dict[str, str]:
    """Say which Pillow and which plug-ins decode.

    Returns
    -------
    dict
        ``{"pillow": version}``, and ``"plugins"`` with their names where there are any.
    """
    pillow, _, plugins = decoders().partition("+")
    return {"pillow": pillow.removeprefix("pillow "), **({"plugins": plugins} if plugins else {})}
