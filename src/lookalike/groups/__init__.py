"""Matches to findings: groups with their keepers, what is kept and what is not, counts; values and columns of them."""
