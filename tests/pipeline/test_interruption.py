"""Ctrl-C and SIGTERM: 130 and 143 and one line, whatever a library makes of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modules.errors import BusyError, Interrupted, StageError
from pipeline.configuration import loading
from pipeline.data_size import DataSize
from pipeline.interruption import watched
from pipeline.runners import local
from pipeline.runners.begin import Run
from pipeline.state.root import Root
from tests.conftest import GLYPHS, PROJECT


def config_in(folder: Path) -> Any:
    for label in "ab":
        (folder / "photos" / label).mkdir(parents=True)
        (folder / "photos" / label / "1.png").write_bytes(b"")
    path = folder / "birds.yaml"
    path.write_text(
        "data: {path: photos}\nevaluation: {min_examples: 1}\n"
        f"backbone: {{handle: {GLYPHS}}}\n",
        encoding="utf-8",
    )
    return loading.load(path)


@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
@pytest.mark.parametrize("swallowed", [False, True])
def test_a_run_that_is_interrupted_says_where_and_how_it_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    word: str,
    swallowed: bool,
) -> None:
    config = config_in(tmp_path)

    def nodes(this: Run, size: DataSize) -> None:
        assert size.classes == 2
        this.display.start("trainer")
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt as error:
            if not swallowed:
                raise
            raise RuntimeError("KeyboardInterrupt") from error  # As Beam does.

    monkeypatch.setattr(local, "_run_nodes", nodes)
    with pytest.raises(Interrupted) as end:
        local.run(config)
    assert end.value.status == 128 + number
    assert str(end.value) == (
        f"interrupted ({word}) in trainer; run it again: what is finished is kept, and the "
        "training goes on after its last whole epoch"
    )
    summary = Root(config.root).summary.read_text(encoding="utf-8")
    assert f"interrupted ({word}) in trainer" in summary
    with Root(config.root).held():  # The next run can begin.
        pass


def test_signal_handlers_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with watched() as outer, watched() as inner:
        assert inner is outer
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_busy_serving_folder_is_distinguished_from_a_failed_push(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nodes(this: Run, size: DataSize) -> None:
        del this, size
        raise BusyError("push of run 1: x is held by another process")

    monkeypatch.setattr(local, "_run_nodes", nodes)
    with pytest.raises(BusyError, match="is held by another process"):
        local.run(config_in(tmp_path))


MAIN = """
import os, signal, sys, threading
from modules.errors import BusyError
from pipeline.cli import main
from pipeline.cli.app import app

@app.command()
def work(kind: str) -> None:
    if kind == "busy":
        raise BusyError("root: another run holds it")
    threading.Thread(target=threading.Event().wait).start()  # Would keep the process.
    try:
        os.kill(os.getpid(), getattr(signal, kind.split("-")[0]))
    except KeyboardInterrupt:
        if kind.endswith("-swallowed"):
            raise ValueError("a library's own")
        raise

sys.argv = ["thaw", "work", sys.argv[1]]
main()
"""


def test_a_failure_before_the_first_node_says_that_it_was_in_the_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def list_nothing(*arguments: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied", "photos")

    monkeypatch.setattr("pipeline.preflight.check_data", list_nothing)
    with pytest.raises(StageError, match=r"^the checks failed: PermissionError: .*photos"):
        local.run(config_in(tmp_path))


@pytest.mark.parametrize(
    ("kind", "status", "line"),
    [
        ("SIGINT", 130, "thaw: interrupted (Ctrl-C); run it again"),
        ("SIGTERM", 143, "thaw: interrupted (SIGTERM); run it again"),
        ("SIGINT-swallowed", 130, "thaw: interrupted (Ctrl-C); run it again"),
        ("busy", 75, "thaw: root: another run holds it"),
    ],
)
def test_every_command_ends_with_a_line_and_the_status_of_its_kind(
    kind: str, status: int, line: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, kind],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (status, line)
