import pickle
from typing import get_args

import pytest

from lookalike import errors
from lookalike.errors import DecodeError, FailureKind, LookalikeError

CODES = {
    "LookalikeError": 70,
    "UsageError": 2,
    "SourceError": 3,
    "UnsafeError": 4,
    "CatalogError": 5,
    "LedgerError": 5,
    "Interrupted": 130,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_exit_codes(name: str, code: int) -> None:
    assert getattr(errors, name).exit_code == code


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    drawn = errors.__doc__ or ""
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert set(classes) == {*CODES, "DecodeError"}
    for name, value in classes.items():
        assert issubclass(value, LookalikeError)
        (line,) = [line for line in drawn.splitlines() if f" {name} " in line]
        assert f" {CODES.get(name, '--')} " in line


def test_a_usage_error_is_also_a_value_error() -> None:
    assert issubclass(errors.UsageError, ValueError)


def test_codes_0_and_1_belong_to_no_error_and_no_code_to_two_but_that_of_damaged_stores() -> None:
    assert not {0, 1} & set(CODES.values())
    others = [code for name, code in CODES.items() if name != "LedgerError"]
    assert len(set(others)) == len(others)


def test_a_decode_error_says_what_happened() -> None:
    error = DecodeError("limit", "too many pixels", size=(3, 4))
    assert str(error) == "too many pixels"
    assert (error.kind, error.reason, error.truncated, error.size) == ("limit", "too many pixels", False, (3, 4))
    assert DecodeError("damaged", "ends early", truncated=True).truncated
    assert DecodeError("damaged", "ends early").size is None


def test_the_failure_kinds_are_those_of_the_design() -> None:
    assert set(get_args(FailureKind)) == {"damaged", "unsupported", "denied", "transient", "not-here", "limit"}


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_errors_cross_processes(kind: FailureKind) -> None:
    error = DecodeError(kind, "why", truncated=True, size=(1, 2))
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), back.kind, back.reason, back.truncated, back.size) == (DecodeError, kind, "why", True, (1, 2))
    plain = pickle.loads(pickle.dumps(errors.UsageError("no")))
    assert (type(plain), str(plain)) == (errors.UsageError, "no")
