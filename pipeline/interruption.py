"""Ends the work in order on Ctrl-C and SIGTERM, with one line, whatever libraries do with them.

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
    """Whether a signal has come.

    Attributes:
        number: the signal's; 0 while none has come.
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
        """Raises ``KeyboardInterrupt`` if a library has kept one to itself."""
        if self.number:
            raise KeyboardInterrupt

    def ended(self, message: str) -> Interrupted:
        """What to raise.

        Args:
            message: what the work was, and how it goes on: follows "interrupted (Ctrl-C)".
        """
        word = _WORDS[signal.Signals(self.number)]
        return Interrupted(self.number, f"interrupted ({word}){message}")


_watching: list[Interruption] = []


@contextmanager
def watched() -> Iterator[Interruption]:
    """Watches for signals; within another one it is that one.

    In a thread that is not the main one, where Python lets none be handled, nothing is watched.
    """
    if _watching or threading.current_thread() is not threading.main_thread():
        yield _watching[-1] if _watching else Interruption()
        return
    interruption = Interruption()
    heeded = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.take) for number in heeded}
    _watching.append(interruption)
    try:
        yield interruption
    finally:
        _watching.remove(interruption)
        for number, handler in before.items():
            signal.signal(number, handler)
