"""What a search is told: hash, radius, limit, tier and orientations, checked before anything is read."""

from typing import get_args

from lookalike import hashes
from lookalike.errors import UsageError, check_known
from lookalike.model import HashSpec, Orient, Tier


def spec_of(algorithm: str, size: int | None) -> HashSpec:
    """Return the hash to search by.

    Parameters
    ----------
    algorithm : str
        Its name.
    size : int or None
        Its side; None for the algorithm's own.

    Returns
    -------
    HashSpec
        Of the decoding fast, as everything that joins uses.

    Raises
    ------
    UsageError
        If there is no such hash.

    Examples
    --------
    >>> spec_of("phash", None).id
    'phash-8-lanczos3-fast-v1'
    """
    spec = HashSpec(algorithm=algorithm, size=hashes.algorithm(algorithm).size if size is None else size)
    hashes.default_radius(spec)
    return spec


def checked(spec: HashSpec, *, radius: int | None, limit: int | None, tier: str, orient: str) -> tuple[int, Tier]:
    """Check what a search is told.

    Parameters
    ----------
    spec : HashSpec
        The hash to search by.
    radius, limit, tier, orient
        As for `lookalike.Index.search`.

    Returns
    -------
    radius : int
        In bits.
    tier : Tier
        Loosest tier to report.

    Raises
    ------
    UsageError
        If something does not fit.

    Examples
    --------
    >>> checked(spec_of("phash", None), radius=None, limit=5, tier="none", orient="all")
    (10, <Tier.NONE: 4>)
    """
    loosest = Tier.NONE if tier == "none" else Tier.parse(tier)
    within = hashes.default_radius(spec) if radius is None else radius
    if not 0 <= within <= spec.bits:
        raise UsageError(f"radius must lie in 0..{spec.bits} bits for {spec.id}, got {radius}")
    if limit is not None and limit < 1:
        raise UsageError(f"limit must be at least 1, got {limit}")
    check_known("orientation", orient, get_args(Orient))
    return within, loosest
