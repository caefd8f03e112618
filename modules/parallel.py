"""Work on many things, some of them at once, and what it makes in their order."""

import collections
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    run: Callable[[Given], Made], given: Iterable[Given], workers: int = 0
) -> Iterator[Made]:
    """What a function makes of each, in their order.

    No more are read ahead than are worked on.

    Args:
        run: is called from several threads; worth it where it leaves Python, as TensorFlow does.
        given: in the order in which they are to be read.
        workers: how many at once; 0 for one a core.
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1:
        yield from map(run, given)
        return
    waiting: collections.deque[Future[Made]] = collections.deque()
    with ThreadPoolExecutor(workers) as pool:
        for one in given:
            waiting.append(pool.submit(run, one))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
