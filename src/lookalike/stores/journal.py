"""The journal: what is about to happen to files, what happened, and how far each step got."""

from lookalike.stores.database import Database


class Journal(Database):
    """The tables batch and entry of the ledger."""
