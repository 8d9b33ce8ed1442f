"""Where the catalog and the ledger live, and where they must not."""

import os
from tempfile import gettempdir

from platformdirs import user_cache_dir, user_state_dir

from lookalike import events
from lookalike.errors import CatalogError
from lookalike.sources.volumes import volume_of
from lookalike.stores.catalog import Catalog
from lookalike.stores.ledger import Ledger


def default_catalog() -> str:
    """Return where the catalog lives when nobody says.

    Returns
    -------
    str
        A file in the cache folder of the platform.
    """
    return os.path.join(user_cache_dir("lookalike", appauthor=False), "catalog.sqlite")


def default_ledger() -> str:
    """Return where the ledger lives when nobody says.

    Returns
    -------
    str
        A file in the state folder of the platform, which survives the emptying of caches.
    """
    return os.path.join(user_state_dir("lookalike", appauthor=False), "ledger.sqlite")


def open_catalog(path: str | None, *, alone: bool = False) -> Catalog:
    """Open a catalog, unless it lies where SQLite cannot share it safely.

    Parameters
    ----------
    path : str or None
        The file; None for a private one that is gone afterwards.
    alone : bool
        Whether nobody else may have it open meanwhile.

    Returns
    -------
    Catalog
        Ready for use.

    Raises
    ------
    CatalogError
        If it lies on a network file system, is damaged, in use, or cannot be opened.
    """
    if path is not None:
        refuse_network(path, network=_on_network(path))
    return Catalog(path, alone=alone)


def open_ledger(path: str) -> Ledger:
    """Open a ledger, also on a network file system: it has a rollback journal, which needs no shared memory.

    Parameters
    ----------
    path : str
        The file, made where missing with its folders.

    Returns
    -------
    Ledger
        Ready for use.

    Raises
    ------
    LedgerError
        If it is damaged, of another program, of a newer version, or cannot be opened.
    """
    return Ledger(path)


def refuse_network(path: str, *, network: bool) -> None:
    """Refuse a catalog on a network file system.

    Parameters
    ----------
    path : str
        Where the catalog would be.
    network : bool
        Whether that is on a network file system.

    Raises
    ------
    CatalogError
        If it is; the message names a local path.
    """
    if network:
        events.STORE_REFUSED(kind=Catalog.NAME, path=path, reason="it is on a network file system")
        raise CatalogError(
            f"catalog {path} is on a network file system, where several processes cannot share an SQLite file safely: "
            f"use a local one, for example --catalog {_local_place()}, or --no-catalog"
        )


def _local_place() -> str:
    """Return a place for the catalog on a local file system: the default, or else the folder for temporary files."""
    usual = default_catalog()
    return os.path.join(gettempdir(), "lookalike.sqlite") if _on_network(usual) else usual


def _on_network(path: str) -> bool:
    """Return whether a file is on a network file system, or would be once it is made."""
    place = os.path.realpath(path)
    while not os.path.exists(place):
        place = os.path.dirname(place)
    return volume_of(place).network
