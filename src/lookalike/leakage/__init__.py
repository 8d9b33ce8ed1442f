"""Splits of a data set, and the pictures that lie in more than one of them."""
