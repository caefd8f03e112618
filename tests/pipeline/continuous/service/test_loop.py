"""When the service polls again, and with which status it ends; no time passes in these tests."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from modules.errors import InputError
from pipeline.continuous.service.log import LOGGER
from pipeline.continuous.service.loop import Actions, Poll, pause_after, watch
from pipeline.continuous.service.tally import Tally

EVERY = 900.0


@pytest.fixture(autouse=True)
def _the_log_is_captured(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER.name)


@dataclass
class World:
    """A clock that waits advance, and polls that end as they are told; then a signal comes."""

    polls: Sequence[Poll]
    failures_allowed: Callable[[], int] = lambda: 5
    seconds_a_look: float = 0.0
    now: float = 0.0
    waits: list[float] = field(default_factory=list)
    looked_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tally = Tally(EVERY, clock=lambda: self.now)
        self._left: Iterator[Poll] = iter(self.polls)

    def poll(self) -> Poll:
        self.looked_at.append(self.now)
        self.tally.run_begins()
        self.now += self.seconds_a_look
        self.tally.run_ends()
        return next(self._left)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return len(self.waits) == len(self.polls)

    def watch(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        actions = Actions(
            failures_allowed=self.failures_allowed,
            poll=self.poll,
            is_stopped=is_stopped,
            wait=self.wait,
            status=lambda text: None,
        )
        return watch(actions, self.tally)


NOTHING_NEW = Poll(0, decided=True, answer="no")
PUSHED = Poll(0, decided=True, answer="yes", run_status="pushed", run_id="r1", seconds=80.0)
REJECTED = Poll(3, decided=True, answer="yes", run_status="rejected", run_id="r2")
FAILED = Poll(1, run_status="failed")
KILLED = Poll(-9, run_status="failed")
BUSY = Poll(75, run_status="busy")
WRONG = Poll(2, run_status="wrong_input")


def test_the_pause_after_failures_doubles_from_a_minute_to_an_hour() -> None:
    minutes = [pause_after(failures) / 60 for failures in range(1, 10)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert pause_after(10_000) == 3600


def test_a_period_begins_so_long_after_the_one_before_it_has_begun() -> None:
    world = World([NOTHING_NEW, PUSHED, NOTHING_NEW], seconds_a_look=100.0)
    assert world.watch() == 0
    assert world.looked_at == [0, EVERY, 2 * EVERY]
    assert world.waits == [EVERY - 100] * 3


def test_a_run_that_takes_longer_than_a_period_is_followed_by_the_next_look_at_once() -> None:
    world = World([PUSHED, NOTHING_NEW], seconds_a_look=EVERY + 50)
    assert world.watch() == 0
    assert world.waits == [0, 0]


def test_a_failed_run_is_tried_again_after_1_2_and_4_minutes_and_a_success_ends_the_series() -> (
    None
):
    world = World([FAILED, KILLED, FAILED, PUSHED, FAILED])
    assert world.watch() == 0
    assert world.waits == [60, 120, 240, EVERY, 60]
    assert world.tally.failures == 1
    assert world.tally.runs["failed"] == 4


def test_too_many_failures_in_a_row_end_the_service_with_1(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World([FAILED] * 3, failures_allowed=lambda: 3)
    assert world.watch() == 1
    assert world.waits == [60, 120]
    assert caplog.messages[-1] == (
        "3 runs failed in a row, and retrain.max_failures is 3; the service ends"
    )


@pytest.mark.parametrize("poll", [NOTHING_NEW, REJECTED])
def test_a_refusal_by_the_gate_is_no_failure_and_ends_a_series_of_them(poll: Poll) -> None:
    world = World([FAILED, poll, FAILED, poll], failures_allowed=lambda: 2)
    assert world.watch() == 0
    assert world.tally.failures == 0


@pytest.mark.parametrize("poll", [BUSY, WRONG])
def test_a_busy_root_and_wrong_data_neither_count_as_failures_nor_end_a_series(poll: Poll) -> None:
    world = World([FAILED, poll, FAILED], failures_allowed=lambda: 2)
    assert world.watch() == 1
    assert world.waits == [60, EVERY]


def test_a_config_that_becomes_wrong_ends_the_service_with_2(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = iter([5, 5])

    def failures_allowed() -> int:
        for answer in answers:
            return answer
        raise InputError("finetune.seed: got 'x', must be a whole number; change it")

    world = World([NOTHING_NEW] * 3, failures_allowed=failures_allowed)
    assert world.watch() == 2
    assert len(world.looked_at) == 2
    (line,) = caplog.messages
    assert line == ("finetune.seed: got 'x', must be a whole number; change it; the service ends")


def test_invalid_data_is_checked_each_period_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    repeated = Poll(2, run_status="wrong_input", repeats=True)
    world = World([WRONG, repeated, repeated, WRONG])
    assert world.watch() == 0
    assert world.looked_at == [0, EVERY, 2 * EVERY, 3 * EVERY]
    told = [text for text in caplog.messages if text.startswith("the data is invalid")]
    assert len(told) == world.tally.runs["wrong_input"] == 2
    assert world.tally.data_is_invalid
    assert world.tally.health()[0]


def test_a_signal_during_a_look_ends_the_service_with_0_and_counts_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World([Poll(143, run_status="failed")])
    assert world.watch(is_stopped=lambda: True) == 0
    assert world.tally.failures == 0
    assert not world.waits
    assert caplog.messages == ["a signal has stopped the service"]


def test_a_period_with_nothing_new_adds_no_line_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    World([NOTHING_NEW] * 5).watch()
    assert caplog.messages == ["a signal has stopped the service"]


def test_the_log_says_how_each_run_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    World([PUSHED, REJECTED, KILLED, BUSY]).watch()
    ends = [
        record.getMessage() for record in caplog.records if record.__dict__["event"] == "poll_ended"
    ]
    assert ends == [
        "run r1 ended in 80 s: pushed",
        "run r2 ended in 0 s: rejected",
        "the run failed (signal 9; 1 in a row)",
        "the root is busy; the next period tries again",
    ]
    assert caplog.records[0].__dict__["fields"] == {
        "status": 0, "run_status": "pushed", "run_id": "r1", "answer": "yes", "seconds": 80.0,
        "failures": 0,
    }  # fmt: skip
