"""Parallel work keeps the order, and reads no further ahead than it works."""

import os
import time
from collections.abc import Iterator

import pytest

from modules.parallel import in_order

WORKERS = os.cpu_count() or 1


def test_results_come_in_the_order_of_the_batches() -> None:
    def slower_at_first(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0.0)
        return number * number

    assert list(in_order(slower_at_first, range(20))) == [number**2 for number in range(20)]


def test_batches_are_not_read_far_ahead() -> None:
    read: list[int] = []

    def batches() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    results = in_order(lambda number: number, batches())
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(read) <= 3 + WORKERS


def test_a_failure_is_raised_to_the_caller() -> None:
    def fails(number: int) -> int:
        if number == 3:
            raise ValueError("the third")
        return number

    results = in_order(fails, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the third"):
        list(results)
