"""A full disk is recognized, whichever library reports it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.state.full_disk import no_room
from tests.conftest import PROJECT


def caused(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        RuntimeError("UNKNOWN: /a/b; No space left on device [while running 'Write']"),
        RuntimeError("INTERNAL: Cannot write: database or disk is full"),
        caused(ValueError("a stage failed"), OSError(errno.ENOSPC, "x")),
    ],
)
def test_a_full_disk_is_named_with_the_remedy(error: Exception, tmp_path: Path) -> None:
    line = no_room(error, tmp_path, tmp_path / "not" / "there")
    assert f"no space is left on the disk of {tmp_path}" in line
    assert "free some there and run again" in line


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "x"), RuntimeError("no space")])
def test_an_error_with_another_cause_is_not_taken_for_a_full_disk(
    error: Exception, tmp_path: Path
) -> None:
    assert no_room(error, tmp_path) == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
def test_a_log_that_no_longer_fits_is_dropped_without_a_message() -> None:
    code = """
import logging
from pathlib import Path
from pipeline.display import logged_to
with logged_to(Path("/dev/full"), verbose=False) as visible:
    logging.getLogger("thaw").error("for the log")
    print("what a library says")
    visible.write("seen\\n")
print("afterwards")
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "seen\nafterwards\n", "")
