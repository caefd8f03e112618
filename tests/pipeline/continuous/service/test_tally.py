"""When the service is well: it has decided within three periods, not counting runs."""

from dataclasses import dataclass

from pipeline.continuous.service.tally import Tally


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_service_is_unwell_when_no_decision_was_made_for_three_periods() -> None:
    clock = Clock()
    tally = Tally(10.0, clock)
    clock.now += 30
    assert tally.health() == (True, "30 s without a decision; a period is 10 s")
    clock.now += 1
    assert tally.health()[0] is False
    tally.decided()
    assert tally.health() == (True, "0 s without a decision; a period is 10 s")


def test_a_run_under_way_keeps_the_service_well_and_its_time_does_not_count_later() -> None:
    clock = Clock()
    tally = Tally(10.0, clock)
    clock.now += 25
    tally.run_begins()
    clock.now += 10_000
    assert tally.health() == (
        True,
        "a run is under way; 25 s without a decision; a period is 10 s",
    )
    tally.run_ends()
    clock.now += 5
    assert tally.health()[0] is True
    clock.now += 1
    assert tally.health()[0] is False


def test_looks_that_decide_nothing_make_the_service_unwell_however_many_there_are() -> None:
    clock = Clock()
    tally = Tally(10.0, clock)
    for _ in range(4):
        tally.run_begins()
        clock.now += 3
        tally.run_ends()
        tally.failures += 1
        clock.now += 10
    assert tally.health() == (
        False,
        "40 s without a decision; a period is 10 s; failed runs in a row: 4",
    )


def test_invalid_data_is_named_in_the_line_about_health() -> None:
    tally = Tally(10.0, Clock())
    tally.data_is_invalid = True
    assert tally.health()[1].endswith("the data was invalid and has not changed since")
