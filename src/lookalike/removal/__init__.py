"""A plan is carried out, undone, purged, and put in order after a crash."""
