"""Ends the work cleanly on Ctrl-C and SIGTERM, with one line, whatever libraries do with them.

The first signal raises ``KeyboardInterrupt``, so that temporary files are removed. Beam and others
turn that into errors of their own, so the signal is also remembered here. The second signal ends
the process at once.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from modules.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_WORDS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Interruption:
    """Records whether a signal has arrived.

    Attributes:
        number: the signal's number; 0 if none has arrived.
    """

    def __init__(self) -> None:
        self.number = 0

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal; called by Python in the main thread."""
        del frame
        if self.number:
            os._exit(128 + self.number)
        self.number = number
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raises ``KeyboardInterrupt`` if a library has swallowed one."""
        if self.number:
            raise KeyboardInterrupt

    def ended(self, message: str) -> Interrupted:
        """Returns the exception to raise.

        Args:
            message: follows "interrupted (Ctrl-C)", and says what was done and how to go on.
        """
        word = _WORDS[signal.Signals(self.number)]
        return Interrupted(self.number, f"interrupted ({word}){message}")


_watching: list[Interruption] = []


@contextmanager
def watched() -> Iterator[Interruption]:
    """Watches for signals; within another ``watched`` block, yields that block's object.

    Outside of the main thread, where Python handles no signals, nothing is watched.
    """
    if _watching or threading.current_thread() is not threading.main_thread():
        yield _watching[-1] if _watching else Interruption()
        return
    interruption = Interruption()
    handled = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.take) for number in handled}
    _watching.append(interruption)
    try:
        yield interruption
    finally:
        _watching.remove(interruption)
        for number, handler in before.items():
            signal.signal(number, handler)
