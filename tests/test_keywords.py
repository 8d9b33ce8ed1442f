"""Keywords that functions hand on are typed: just those of the function that takes them, with its types."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from lookalike.batches import HashKeywords, hash_batches
from lookalike.finding import FindKeywords, find
from lookalike.plan import KeepKeywords, KeepOptions
from lookalike.spark.searching import SearchKeywords, make_search

OWN_TO_LEAKS = {"against", "tier", "orient", "catalog", "use_catalog", "ledger", "progress"}
"""What `leaks` takes itself, or decides."""


@pytest.mark.parametrize(
    ("keywords", "function", "left_out"),
    [
        (HashKeywords, hash_batches, set[str]()),
        (FindKeywords, find, OWN_TO_LEAKS),
        (SearchKeywords, make_search, {"increment", "orient"}),
    ],
)
def test_keywords_are_those_of_the_function(
    keywords: type, function: Callable[..., object], left_out: set[str]
) -> None:
    hints: dict[str, Any] = get_type_hints(function)
    names = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name not in left_out
    ]
    assert get_type_hints(keywords) == {name: hints[name] for name in names}
    assert keywords.__required_keys__ == frozenset()  # type: ignore[attr-defined]


def test_keywords_of_a_plan_are_the_fields_of_its_options() -> None:
    hints = get_type_hints(KeepOptions)
    assert get_type_hints(KeepKeywords) == {
        one.name: hints[one.name] for one in fields(KeepOptions) if one.name != "tier"
    }
