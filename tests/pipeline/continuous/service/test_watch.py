"""The service as a whole, in this process, with a small program in place of ``thaw retrain``."""

import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from modules.errors import BusyError, InputError
from pipeline.continuous.service.watch import Request, seconds_of, watch
from pipeline.state.root import Root
from tests.conftest import GLYPHS

# Counts its calls in a file, enters a decision, and does what a test adds.
PROGRAM = """
import json, os, pathlib, signal, sys, time
root = pathlib.Path({root!r})
calls = root / "calls"
call = int(calls.read_text()) + 1 if calls.exists() else 1
calls.write_text(str(call))
def decide(answer, run_id=None):
    with (root / "decisions.jsonl").open("a") as file:
        line = dict(
            time="2026-11-25T00:00:00Z", answer=answer, sentence=f"call {{call}}", run_id=run_id
        )
        file.write(json.dumps(line) + "\\n")
def end_the_service():
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)
{rest}
"""
CONFIG = """
data: {{path: "spans/{{SPAN}}", window: {{spans: 4}}}}
backbone: {{handle: {backbone}}}
retrain: {{max_failures: 1}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root")


def request(of: Root, program: str = "", **more: object) -> Request:
    """A service whose polls run a program."""
    file = of.path.parent / "config.yaml"
    file.write_text(CONFIG.format(backbone=GLYPHS))
    script = of.path.parent / "program.py"
    script.write_text(PROGRAM.format(root=str(of.path), rest=program))
    options = {"every": 0.01, "root": of.path, "command": [sys.executable, str(script)], **more}
    return Request(file=file, **options)  # type: ignore[arg-type]


def calls(root: Root) -> int:
    return int((root.path / "calls").read_text())


def test_looks_are_repeated_until_a_signal_comes_and_the_service_ends_with_0(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    program = 'print("nothing new"); decide("no") if call < 4 else end_the_service()'
    assert watch(request(root, program)) == 0
    assert calls(root) == 4
    began, *lines, stopped, ended = (
        line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines()
    )
    assert began == f"looks for new spans every 0 s; root: {root.path}"
    assert lines == ["nothing new"] * 4
    assert stopped == "the run was stopped; the next start goes on with it"
    assert ended == "a signal has stopped the service"


def test_a_failed_run_is_told_with_its_last_line_and_the_last_failure_ends_the_service_with_1(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    program = 'decide("yes", "r1"); print("thaw: trainer failed", file=sys.stderr); sys.exit(1)'
    assert watch(request(root, program, form="json")) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("began", "info"), ("output", "error"), ("poll_ended", "warning"), ("ended", "error"),
    ]  # fmt: skip
    assert lines[1]["message"] == "trainer failed"
    assert lines[2]["run_id"] == "r1"
    assert lines[2]["run_status"] == "failed"


def test_why_the_data_is_invalid_is_told_once_until_the_reason_changes(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (
        "if call == 6: end_the_service()\n"
        "reason = 'an unknown class' if call < 4 else 'no images'\n"
        "then = ' is invalid as before' if call in (2, 3, 5) else ''\n"
        "print(f'thaw: span 7{then}: {reason}', file=sys.stderr); sys.exit(2)"
    )
    assert watch(request(root, program, form="json")) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines if line["event"] in ("output", "poll_ended")] == [
        "span 7: an unknown class",
        "the data is invalid; each period checks it again, and says when that has changed",
        "span 7: no images",
        "the data is invalid; each period checks it again, and says when that has changed",
    ]


def test_the_status_of_a_run_is_the_one_in_its_summary(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    root.begun("r1")
    root.summary_of("r1").write_text('{"status": "pushed"}')
    program = 'decide("yes", "r1") if call == 1 else end_the_service()'
    assert watch(request(root, program, form="json")) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (end,) = [line for line in lines if line["event"] == "poll_ended"]
    assert (end["run_status"], end["run_id"], end["answer"]) == ("pushed", "r1", "yes")


def test_a_config_that_becomes_wrong_while_the_service_runs_ends_it_with_2(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    program = '(root.parent / "config.yaml").write_text("data: 7"); decide("no")'
    assert watch(request(root, program)) == 2
    assert calls(root) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "error: data: got 7" in last
    assert last.endswith("; the service ends")


def test_a_config_that_asks_for_another_root_ends_the_service_with_2(
    root: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    here = request(root, root=None)
    here.file.write_text(f"{here.file.read_text()}root: {root.path}\n")
    program = Path(here.command[1])
    program.write_text(
        f'{program.read_text()}\nfile = root.parent / "config.yaml"\n'
        'file.write_text(file.read_text().replace("/root", "/other"))\n'
    )
    assert watch(here) == 2
    assert "/other in " in (last := capsys.readouterr().out.splitlines()[-1])
    assert last.endswith("when the service began; start it again; the service ends")


def test_a_second_service_for_a_root_is_refused_and_a_run_by_hand_is_not(root: Root) -> None:
    root.path.mkdir()
    with root.watched():
        with pytest.raises(BusyError) as error:
            watch(request(root))
        assert str(error.value) == (
            f"root: another thaw retrain --watch already runs for {root.path}; stop that one, or "
            "use another root with --root"
        )
        with root.held():
            pass
    with root.watched():  # It is free again.
        pass


def test_a_config_without_a_window_is_refused_before_anything_is_written(root: Root) -> None:
    wrong = request(root)
    wrong.file.write_text(f"{{data: {{path: images}}, backbone: {{handle: {GLYPHS}}}}}")
    with pytest.raises(InputError, match=r"^data\.window: the config has none"):
        watch(wrong)
    assert not root.path.exists()


def test_a_wrong_address_is_refused_before_the_first_poll_and_the_root_is_free_again(
    root: Root,
) -> None:
    with pytest.raises(InputError, match=r"^--http: got 'here'"):
        watch(request(root, http="here"))
    assert not (root.path / "calls").exists()
    with root.watched():
        pass


def test_the_pages_answer_while_a_look_is_under_way(root: Root) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = (
        "import urllib.request\n"
        "decide('no')\n"
        "for name in ('healthz', 'metrics'):\n"
        f"    page = urllib.request.urlopen('http://127.0.0.1:{port}/' + name, timeout=10)\n"
        "    (root / name).write_bytes(page.read())\n"
        "end_the_service()\n"
    )
    assert watch(request(root, program, http=str(port))) == 0
    assert (root.path / "healthz").read_text().startswith("a run is under way; ")
    metrics = (root.path / "metrics").read_text()
    assert "\nthaw_retrain_last_decision_timestamp_seconds 1.7955" in metrics
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)


def test_systemd_hears_of_the_start_the_work_and_the_end(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        program = "(root / 'socket').write_text(os.environ.get('NOTIFY_SOCKET', 'none'))\n"
        assert watch(request(root, f"{program}end_the_service()")) == 0
        states = [manager.recv(1000).decode() for _ in range(3)]
    assert states == ["READY=1", "STATUS=polls for new data", "STOPPING=1"]
    assert (root.path / "socket").read_text() == "none"


@pytest.mark.parametrize(
    ("every", "seconds"), [("1s", 1), ("15m", 900), ("2h", 7200), ("1d", 86400)]
)
def test_a_period_is_a_number_and_a_unit(every: str, seconds: float) -> None:
    assert seconds_of(every) == seconds


@pytest.mark.parametrize("every", ["", "15", "0m", "1.5h", "m"])
def test_a_wrong_period_is_refused_in_one_line(every: str) -> None:
    with pytest.raises(InputError) as error:
        seconds_of(every)
    assert str(error.value) == (
        f"--every: got {every!r}, must be a number and a unit (s, m, h, d or w); write it like "
        "15m or 7d"
    )


def test_a_signal_between_looks_ends_the_service_within_two_seconds(root: Root) -> None:
    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    began = time.monotonic()
    assert watch(request(root, 'decide("no")', every=600.0, http="0")) == 0
    timer.join()
    assert calls(root) == 1
    assert time.monotonic() - began < 3.5
