"""Python's garbage collector, kept from looking in vain at what was imported.

TensorFlow and TFX make objects that live as long as the process. While they are imported, the
collector goes through them again and again, and once more when the process ends:
2 s each of a processor's time, of 12 for a run with nothing new (``benchmarks/README.md``).
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Lets the collector rest while much is imported; then it goes on as it did before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def leave_out_at_exit() -> None:
    """Has the last collection, when the process ends, leave out all objects that exist then.

    The system takes back their memory anyway. Functions that are registered to run at exit do run.
    """
    atexit.register(gc.freeze)
