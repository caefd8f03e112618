"""When the service polls again, and when it ends: plain logic, without clock or process."""

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
class Poll:
    """How one poll went.

    Attributes:
        status: the child's exit status, negative for the signal that ended it.
        decided: whether it has entered a decision.
        answer: of that decision; empty if there is none.
        run_status: one of ``RUN_STATUSES``; empty if nothing was run.
        seconds: how long it took.
        run_id: of the run; empty if nothing was run.
        repeats: whether the data is still invalid for the reasons that the poll before gave.
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
class Actions:
    """The functions through which the loop acts, so that a test can replace them.

    Attributes:
        failures_allowed: reads the config anew; how many failed runs in a row end the service.
            Raises ``InputError``.
        poll: runs ``thaw retrain`` once.
        is_stopped: whether a signal has come.
        wait: waits for some seconds, or until a signal comes; whether one has come.
        status: shows a line to whoever supervises the service.
    """

    failures_allowed: Callable[[], int]
    poll: Callable[[], Poll]
    is_stopped: Callable[[], bool]
    wait: Callable[[float], bool]
    status: Callable[[str], None]


def pause_after(failures: int) -> float:
    """The seconds until a failed run is tried again: 1, 2, 4 … 60 minutes.

    Args:
        failures: how many runs have failed in a row; at least 1.
    """
    return min(60.0 * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)


def watch(actions: Actions, tally: Tally) -> int:
    """Polls once a period, until a signal comes or nothing more can be done.

    Returns:
        The service's exit status: 0 after a signal, 1 after too many failures, 2 when the config
        has become wrong.
    """
    while True:
        began = tally.clock()
        try:
            allowed = actions.failures_allowed()
        except InputError as error:
            log.write("config_wrong", f"{error}; the service ends", logging.ERROR)
            return WRONG_INPUT
        pause = 0.0
        poll = actions.poll()
        if actions.is_stopped():
            break
        _enter(poll, tally)
        if tally.failures >= allowed:
            log.write(
                "ended",
                f"{counted(tally.failures, 'run')} failed in a row, and retrain.max_failures is "
                f"{allowed}; the service ends",
                logging.ERROR,
                failures=tally.failures,
            )
            return FAILED
        if poll.failed:
            pause = pause_after(tally.failures)
            log.write("retry", f"tries again in {pause / 60:.0f} min", seconds=pause)
        actions.status(_in_words(tally))
        if actions.wait(pause or max(0.0, tally.every - (tally.clock() - began))):
            break
    log.write("ended", "a signal has stopped the service")
    return OK


def _enter(poll: Poll, tally: Tally) -> None:
    """Counts what a poll has done, and logs it, unless there was nothing to do."""
    tally.data_is_invalid = poll.status == WRONG_INPUT
    if poll.decided or poll.status in (OK, WRONG_INPUT, REFUSED):
        tally.decided()
    if poll.decided and poll.answer:
        tally.decisions[poll.answer] = tally.decisions.get(poll.answer, 0) + 1
    if poll.run_status and not poll.repeats:
        tally.runs[poll.run_status] = tally.runs.get(poll.run_status, 0) + 1
    if poll.failed:
        tally.failures += 1
    elif poll.status in (OK, REFUSED):
        tally.failures = 0
    if (poll.run_status or poll.status) and not poll.repeats:
        log.write(
            "poll_ended",
            _sentence(poll, tally),
            logging.WARNING if poll.status not in (OK, REFUSED) else logging.INFO,
            status=poll.status,
            run_status=poll.run_status or None,
            run_id=poll.run_id or None,
            answer=poll.answer or None,
            seconds=round(poll.seconds, 1),
            failures=tally.failures,
        )


def _sentence(poll: Poll, tally: Tally) -> str:
    run = f"run {poll.run_id}" if poll.run_id else "the run"
    if poll.failed:
        how = f"status {poll.status}" if poll.status > 0 else f"signal {-poll.status}"
        return f"{run} failed ({how}; {tally.failures} in a row)"
    if poll.status == WRONG_INPUT:
        return "the data is invalid; each period checks it again, and says when that has changed"
    if poll.status == BUSY:
        return "the root is busy; the next period tries again"
    return f"{run} ended in {poll.seconds:.0f} s: {poll.run_status or 'done'}"


def _in_words(tally: Tally) -> str:
    """For ``systemctl status``."""
    runs = ", ".join(f"{count} {status}" for status, count in tally.runs.items() if count)
    return f"waits for the next period of {tally.every:.0f} s; runs: {runs or 'none'}"
