"""Pairs of hashes within a Hamming radius, exactly, and what can be said of them without keeping them."""

from lookalike.join.arguments import KERNELS, LIMIT, Pairs
from lookalike.join.cross import stream_cross_pairs
from lookalike.join.pairs import (
    collapse,
    distinct_pairs,
    iter_near_pairs,
    near_pairs,
    stream_distinct_pairs,
)
from lookalike.join.summaries import components, count_pairs, search
from lookalike.kernels import REFERENCE

__all__ = [
    "KERNELS", "LIMIT", "REFERENCE", "Pairs", "collapse", "components", "count_pairs", "distinct_pairs", "iter_near_pairs",
    "near_pairs", "search", "stream_cross_pairs", "stream_distinct_pairs",
]  # fmt: skip
