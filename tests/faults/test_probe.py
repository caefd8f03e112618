"""The infra check's process does not outlive the run that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from modules.model_layout import write_labels
from tests.components.infra_check import small_servables as small
from tests.conftest import PROJECT

# A model that hangs for an hour, in a process that watches its parent as the probe does.
HANGS = """
import sys, time
from pathlib import Path
from components.subprocess_runner import watch_parent
watch_parent()
Path(sys.argv[1], "hangs").touch()
time.sleep(3600)
"""
CHECKS = """
import sys
from components.infra_check.subprocess_check import check
from components.infra_check.job import Sample
from modules.settings import Infra
command = (sys.executable, "-c", sys.argv[2])
check(sys.argv[1], [Sample(b"x", None)], Infra(load_seconds=3000), command)
"""


def test_a_hanging_probe_ends_when_the_run_is_killed(tmp_path: Path) -> None:
    write_labels(small.LABELS, tmp_path)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", CHECKS, str(tmp_path), HANGS],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    while not list(temporary.glob("thaw-infra-*/hangs")):
        assert parent.poll() is None
        time.sleep(0.05)
    (probe,) = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _, left = psutil.wait_procs([probe], timeout=60)
    assert not left
