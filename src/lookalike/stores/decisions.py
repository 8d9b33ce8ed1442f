"""Decisions that stick: which contents are not duplicates of each other, whatever a search finds."""

from lookalike.stores.database import Database


class Decisions(Database):
    """The tables decision and decided of the ledger."""
