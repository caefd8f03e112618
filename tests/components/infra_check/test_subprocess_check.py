"""The process that the candidate is served from, and its fate."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from components.infra_check.job import Sample
from components.infra_check.outcome import Outcome
from components.infra_check.subprocess_check import check
from modules import warmup
from modules.model_layout import write_labels
from modules.settings import Infra
from tests.components.infra_check import small_servables as small


def known(count: int = 5) -> list[Sample]:
    return [Sample(image, small.expected(image)) for image in small.images(count)]


def labelled(folder: Path) -> str:
    write_labels(small.LABELS, folder)
    return str(folder)


def fate(folder: Path, code: str, seconds: float = 30.0) -> Outcome:
    """Of a process that runs other code than the probe's."""
    command = (sys.executable, "-c", code)
    return check(labelled(folder), known(1), Infra(load_seconds=seconds), command)


def test_a_good_model_passes_and_everything_is_measured(tmp_path: Path) -> None:
    model = small.save(tmp_path / "model", weight_mb=2)
    warmup.write(small.images()[:2], Path(model))
    options = Infra(requests=5, max_p50_ms=60_000, max_memory_mb=60_000, max_size_mb=3)
    outcome = check(model, known(), options)
    record = outcome.as_record()
    assert record.problems == ()
    assert record.passed
    assert [check.name for check in record.checks] == [
        "loaded", "warm-up", "grpc", "rest", "batches", "broken bytes", "parity", "latency",
        "bounds",
    ]  # fmt: skip
    assert record.latency_ms is not None
    assert record.latency_ms.requests == 5
    assert record.size_mb is not None
    assert 2.0 <= record.size_mb < 2.5
    assert record.load_seconds is not None
    assert 0 < record.load_seconds < 60
    # TensorFlow alone takes more than this, and this test's own process is not counted.
    assert record.memory_mb is not None
    assert 100 < record.memory_mb.loaded <= record.memory_mb.peak
    assert record.parity is not None
    assert record.parity.images == 5


def test_a_slow_and_large_model_is_refused_by_its_bounds_alone(tmp_path: Path) -> None:
    model = small.save(tmp_path / "model", small.slow, weight_mb=3)
    options = Infra(requests=4, max_p50_ms=0.5, max_p99_ms=0.5, max_memory_mb=50, max_size_mb=2)
    outcome = check(model, known(), options)
    assert [check.name for check in outcome.checks if check.problems] == ["bounds"]
    p50, p99, memory, size = outcome.problems
    assert "infra.max_p50_ms allows 0.5" in p50
    assert "infra.max_p99_ms allows 0.5" in p99
    assert "serving takes" in memory
    assert size == (
        "the files take 3 MB, and infra.max_size_mb allows 2; take a smaller backbone, or allow "
        "more"
    )


def test_a_model_that_hangs_is_refused_and_its_process_gone(tmp_path: Path) -> None:
    model = small.save(tmp_path / "model", small.endless)
    started = time.monotonic()
    outcome = check(model, known(1), Infra(load_seconds=25.0))
    assert time.monotonic() - started < 40
    assert "no answer within 25 s" in outcome.problems[0]
    assert "infra.load_seconds" in outcome.problems[0]


def test_what_was_found_before_a_hang_is_kept(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib\n"
        "from components.infra_check.report import Reporter\n"
        "reporter = Reporter(pathlib.Path(sys.argv[1]))\n"
        "reporter.check('loaded', lambda: ([], 'in 1 s'))\n"
        "reporter.measured('load_seconds', 1.0)\n"
        "reporter.check('grpc', lambda: time.sleep(600))\n"
    )
    outcome = fate(tmp_path / "model", code, 8.0)
    assert [check.name for check in outcome.checks] == ["loaded", "process", "bounds"]
    assert "no answer within 8 s, while at 'grpc'" in outcome.problems[0]
    assert outcome.measured["load_seconds"] == 1.0


def test_what_a_hanging_process_started_is_killed_with_it(tmp_path: Path) -> None:
    noted = tmp_path / "child"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(noted)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    outcome = fate(tmp_path / "model", code, 3.0)
    assert "no answer within 3 s" in outcome.problems[0]
    child = int(noted.read_text())
    for _ in range(100):
        if not _runs(child):
            break
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.abort()", "ended by SIGABRT before it had loaded anything"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL .*when memory runs out"),
        ("raise SystemExit('no memory\\x1b[31m\\tleft')", r"ended with 1 .*: no memory\\x1b\[31m"),
        ("raise SystemExit(3)", "ended with 3 .*: no message"),
        ("pass", "without having done all checks"),
    ],
)
def test_a_process_that_ends_otherwise_is_a_refusal(
    tmp_path: Path, code: str, problem: str
) -> None:
    outcome = fate(tmp_path / "model", code)
    assert not outcome.passed
    assert re.search(problem, outcome.problems[0])
    assert outcome.problems[0].isprintable()


def test_an_interrupted_run_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "pid"
    code = f"import os, time; open({str(noted)!r}, 'w').write(str(os.getpid())); time.sleep(600)"

    def interrupt(signum: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 3.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            fate(tmp_path / "model", code)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not _runs(int(noted.read_text()))


def test_a_model_without_labels_is_refused(tmp_path: Path) -> None:
    outcome = check(str(tmp_path), known(1), Infra())
    assert "labels cannot be read" in outcome.problems[0]
    assert outcome.as_record().latency_ms is None


def test_without_an_image_nothing_passes(tmp_path: Path) -> None:
    assert "no image that could be sent" in check(labelled(tmp_path), [], Infra()).problems[0]


def test_a_package_of_the_same_name_in_the_current_folder_is_not_the_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "components" / "infra_check"
    fake.mkdir(parents=True)
    for folder in (fake, fake.parent):
        (folder / "__init__.py").touch()
    (fake / "probe.py").write_text("import os; os.abort()", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = check(labelled(tmp_path / "none"), known(1), Infra())
    assert [check.name for check in outcome.checks if check.problems] == ["loaded"]
    assert os.getcwd() == str(tmp_path)
