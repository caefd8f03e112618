"""When the service looks again, and when it ends: plain logic, without clock or process."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from modules.errors import InputError
from modules.text import counted
from pipeline.continuous.service import log
from pipeline.continuous.service.tally import Tally

# Exit statuses of ``thaw retrain``, and of the service.
OK, FAILED, WRONG_INPUT, REFUSED, BUSY = 0, 1, 2, 3, 75
LONGEST_PAUSE = 3600.0  # seconds


@dataclass(frozen=True)
class Look:
    """How one look went.

    Attributes:
        status: the child's exit status, negative for the signal that ended it.
        decided: whether it has entered a decision.
        answer: of that decision; empty if there is none.
        run_status: one of ``RUN_STATUSES``; empty if nothing was run.
        seconds: how long it took.
        run_id: of the run; empty if nothing was run.
        repeats: whether the data is still refused for what the look before has said.
    """

    status: int
    decided: bool = False
    answer: str = ""
    run_status: str = ""
    seconds: float = 0.0
    run_id: str = ""
    repeats: bool = False

    @property
    def failed(self) -> bool:
        """Whether it is to be tried again soon."""
        return self.status not in (OK, WRONG_INPUT, REFUSED, BUSY)


@dataclass(frozen=True)
class Hands:
    """What the loop calls.

    Attributes:
        failures_allowed: reads the config anew; how many failed runs in a row end the service.
            Raises ``InputError``.
        look: runs ``thaw retrain`` once.
        is_stopped: whether a signal has come.
        wait: waits for some seconds, or until a signal comes; whether one has come.
        status: shows a line to whoever supervises the service.
    """

    failures_allowed: Callable[[], int]
    look: Callable[[], Look]
    is_stopped: Callable[[], bool]
    wait: Callable[[float], bool]
    status: Callable[[str], None]


def pause_after(failures: int) -> float:
    """Seconds until a run is tried again that has failed so often in a row: 1, 2, 4 … 60 min."""
    return min(60.0 * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)


def watch(hands: Hands, tally: Tally) -> int:
    """Looks once a period, until a signal comes or nothing more can be done.

    Returns:
        The service's exit status: 0 after a signal, 1 after too many failures, 2 when the config
        has become wrong.
    """
    while True:
        began = tally.clock()
        try:
            allowed = hands.failures_allowed()
        except InputError as error:
            log.write("config_wrong", f"{error}; the service ends", logging.ERROR)
            return WRONG_INPUT
        pause = 0.0
        look = hands.look()
        if hands.is_stopped():
            break
        _enter(look, tally)
        if tally.failures >= allowed:
            log.write(
                "ended",
                f"{counted(tally.failures, 'run')} failed in a row, and retrain.max_failures is "
                f"{allowed}; the service ends",
                logging.ERROR,
                failures=tally.failures,
            )
            return FAILED
        if look.failed:
            pause = pause_after(tally.failures)
            log.write("retry", f"tries again in {pause / 60:.0f} min", seconds=pause)
        hands.status(_in_words(tally))
        if hands.wait(pause or max(0.0, tally.every - (tally.clock() - began))):
            break
    log.write("ended", "a signal has asked for the end; the service ends")
    return OK


def _enter(look: Look, tally: Tally) -> None:
    """Counts what a look has done, and logs it, unless there was nothing to do."""
    tally.is_refused = look.status == WRONG_INPUT
    if look.decided or look.status in (OK, WRONG_INPUT, REFUSED):
        tally.decided()
    if look.decided and look.answer:
        tally.decisions[look.answer] = tally.decisions.get(look.answer, 0) + 1
    if look.run_status and not look.repeats:
        tally.runs[look.run_status] = tally.runs.get(look.run_status, 0) + 1
    if look.failed:
        tally.failures += 1
    elif look.status in (OK, REFUSED):
        tally.failures = 0
    if (look.run_status or look.status) and not look.repeats:
        log.write(
            "look_ended",
            _sentence(look, tally),
            logging.WARNING if look.status not in (OK, REFUSED) else logging.INFO,
            status=look.status,
            run_status=look.run_status or None,
            run_id=look.run_id or None,
            answer=look.answer or None,
            seconds=round(look.seconds, 1),
            failures=tally.failures,
        )


def _sentence(look: Look, tally: Tally) -> str:
    run = f"run {look.run_id}" if look.run_id else "the run"
    if look.failed:
        how = f"status {look.status}" if look.status > 0 else f"signal {-look.status}"
        return f"{run} failed ({how}; {tally.failures} in a row)"
    if look.status == WRONG_INPUT:
        return "the data is refused; each period looks at it again, and says when that has changed"
    if look.status == BUSY:
        return "the root is busy; the next period tries again"
    return f"{run} ended in {look.seconds:.0f} s: {look.run_status or 'done'}"


def _in_words(tally: Tally) -> str:
    """For ``systemctl status``."""
    runs = ", ".join(f"{count} {status}" for status, count in tally.runs.items() if count)
    return f"waits for the next period of {tally.every:.0f} s; runs: {runs or 'none'}"
