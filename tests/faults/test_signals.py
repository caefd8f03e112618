"""A person's Ctrl-C, and a supervisor's SIGTERM, at chosen moments of a real run."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.thaw import summary_in
from tests.faults.chain import Served
from tests.faults.running import Moment, started

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

MOMENTS = (
    (Moment("statistics_gen", 1.0), signal.SIGINT, 130, "interrupted (Ctrl-C) in "),
    (Moment("trainer", 0.1, "epoch=2/8"), signal.SIGINT, 130, "after its last whole epoch"),
    (Moment("trainer", 0.05, "goes on"), signal.SIGTERM, 143, "after its last whole epoch"),
    (Moment("evaluator", 0.2), signal.SIGINT, 130, "(Ctrl-C) in evaluator; run it again"),
    (Moment("evaluator", 1.0), signal.SIGTERM, 143, "(SIGTERM) in evaluator; run it again"),
    (Moment("infra_check", 0.5), signal.SIGINT, 130, "(Ctrl-C) in infra_check; run it again"),
)


def test_a_signal_ends_a_run_in_one_line_wherever_it_is_and_the_next_run_goes_on(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path / "root", tmp_path / "images")
    served.more_images(25)
    errors = tmp_path / "stderr"
    for moment, number, status, message in MOMENTS:
        errors.unlink(missing_ok=True)
        with started(served.root, *served.arguments(0)) as attempt:
            attempt.wait_until(moment)
            os.kill(attempt.process.pid, number)
            assert attempt.wait_for_end() == status, moment
        (line,) = errors.read_text(encoding="utf-8").splitlines()
        assert line.startswith("thaw: interrupted (")
        assert message in line
        assert summary_in(served.root)["error"] == line.removeprefix("thaw: ")
    errors.unlink()
    last = served.finish(seed=0)
    assert {"statistics_gen", "transform", "trainer"} <= last.nodes("has nothing new")
    served.check_end(summary_in(served.root)["model_version"])
