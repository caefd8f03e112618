"""The service with ``thaw retrain`` itself, where no poll needs TensorFlow."""

import json
import sys
from pathlib import Path

import pytest

from pipeline.continuous.service.child import command
from pipeline.continuous.service.watch import Request, watch
from pipeline.state.root import Root
from tests.conftest import GLYPHS, PROJECT

# The first poll finds the root held, as by a run that a person has started; the fifth ends all.
PROGRAM = """
import contextlib, os, pathlib, signal, subprocess, sys, time
sys.path.insert(0, {project!r})
from pipeline.state.root import Root
calls = pathlib.Path({calls!r})
calls.write_text(calls.read_text() + "." if calls.exists() else ".")
call = len(calls.read_text())
if call == 5:
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)
with Root(pathlib.Path({root!r})).held() if call == 1 else contextlib.nullcontext():
    sys.exit(subprocess.run({poll!r}).returncode)
"""


def test_a_busy_root_and_data_that_is_not_there_yet_are_each_told_once_and_the_service_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, root = tmp_path / "config.yaml", Root(tmp_path / "root")
    config.write_text(
        f"data: {{path: 'spans/{{SPAN}}', window: {{spans: 2}}}}\nbackbone: {{handle: {GLYPHS}}}\n"
    )
    script = tmp_path / "program.py"
    script.write_text(
        PROGRAM.format(
            project=str(PROJECT),
            calls=str(tmp_path / "calls"),
            root=str(root.path),
            poll=command(["retrain", str(config), "--root", str(root.path)]),
        )
    )
    request = Request(
        file=config, every=0.1, root=root.path, form="json", command=[sys.executable, str(script)]
    )
    assert watch(request) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line.get("status")) for line in lines] == [
        ("began", None), ("output", None), ("poll_ended", 75), ("output", None), ("poll_ended", 2),
        ("run_stopped", None), ("ended", None),
    ]  # fmt: skip
    assert lines[1]["message"].startswith(f"root: another run holds {root.path}; wait until ")
    assert lines[3]["message"].startswith("data.path: got ")
    assert {path.name for path in root.path.iterdir()} == {"owner.json", "run.lock", "watch.lock"}
