"""An index to search by picture: hashes in memory, and hits that are verified."""
