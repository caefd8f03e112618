"""How the infra check takes the answers to bytes that are no image."""

from collections.abc import Callable, Iterator

import pytest

from components.infra_check import checks
from components.infra_check.client import Answer, Refused


def asking(*codes: str) -> tuple[Callable[[], Answer], Iterator[str]]:
    """A request that is refused with each of the codes in turn; the last one for ever."""
    left = iter(codes)
    last = codes[-1]

    def ask() -> Answer:
        raise Refused(next(left, last), "no image")

    return ask, left


@pytest.mark.parametrize("codes", [["INVALID_ARGUMENT"], ["CANCELLED", "INVALID_ARGUMENT"]])
def test_a_refusal_whose_cause_comes_after_a_cancellation_is_a_good_one(codes: list[str]) -> None:
    ask, _ = asking(*codes)
    assert checks._answered(ask, "INVALID_ARGUMENT") == ""


def test_a_refusal_that_never_names_its_cause_is_a_problem() -> None:
    ask, _ = asking("CANCELLED")
    problem = checks._answered(ask, "INVALID_ARGUMENT")
    assert problem == (
        "bytes that are no image are answered with CANCELLED: no image, not INVALID_ARGUMENT"
    )


def test_another_refusal_is_not_asked_for_again() -> None:
    ask, left = asking("INTERNAL", "INVALID_ARGUMENT")
    assert "answered with INTERNAL" in checks._answered(ask, "INVALID_ARGUMENT")
    assert list(left) == ["INVALID_ARGUMENT"]
