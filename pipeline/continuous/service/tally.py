"""What the service has done since it began, for ``/healthz``, ``/metrics`` and its log."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

# As ``thaw run`` names them in its summary, and those that have no summary.
RUN_STATUSES = ("pushed", "unchanged", "rejected", "failed", "wrong_input", "busy")
ANSWERS = ("yes", "no")
PERIODS_WITHOUT_DECISION = 3


@dataclass
class Tally:
    """Counts; the loop writes, and the threads of the server read.

    Attributes:
        every: the length of a period, in seconds.
        clock: seconds that never go back.
        failures: how many runs have failed in a row.
        data_is_invalid: whether the data was invalid, and has not changed since.
        runs: how many runs have ended, by ``RUN_STATUSES``.
        decisions: how many decisions were made, by ``ANSWERS``.
    """

    every: float
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    data_is_invalid: bool = False
    runs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RUN_STATUSES, 0))
    decisions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ANSWERS, 0))
    _waited: float = 0.0  # seconds without a decision, before the current wait
    _waits_since: float | None = field(default=None, init=False)  # None while a run is under way

    def __post_init__(self) -> None:
        self._waits_since = self.clock()

    def run_begins(self) -> None:
        """A child has started: its time does not count as one without a decision."""
        if self._waits_since is not None:
            self._waited += self.clock() - self._waits_since
        self._waits_since = None

    def run_ends(self) -> None:
        """The child has ended."""
        self._waits_since = self.clock()

    def decided(self) -> None:
        """A decision was made, or the data is still invalid."""
        self._waited = 0.0
        if self._waits_since is not None:
            self._waits_since = self.clock()

    @property
    def undecided_seconds(self) -> float:
        """How long no decision was made, not counting runs."""
        since = self._waits_since
        return self._waited + (0.0 if since is None else self.clock() - since)

    def health(self) -> tuple[bool, str]:
        """Whether the service does its work, and a line that says why."""
        seconds = self.undecided_seconds
        limit = PERIODS_WITHOUT_DECISION * self.every
        about = f"{seconds:.0f} s without a decision; a period is {self.every:.0f} s"
        if self.failures:
            about += f"; failed runs in a row: {self.failures}"
        if self.data_is_invalid:
            about += "; the data was invalid and has not changed since"
        if self._waits_since is None:
            return True, f"a run is under way; {about}"
        return seconds <= limit, about
