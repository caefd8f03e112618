"""Applies a function to many items, to several at once, and yields the results in order."""

import collections
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    run: Callable[[Item], Result], items: Iterable[Item], workers: int = 0
) -> Iterator[Result]:
    """Yields a function's result for each item, in the order of the items.

    Only as many items are read ahead as are worked on.

    Args:
        run: the function, which is called from several threads. Threads help where it releases
            Python's lock, as TensorFlow does.
        items: the items, in the order in which they are read.
        workers: how many items to work on at once; 0 for one for each core.
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1:
        yield from map(run, items)
        return
    pending: collections.deque[Future[Result]] = collections.deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            pending.append(pool.submit(run, item))
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
