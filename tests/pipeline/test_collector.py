"""The garbage collector rests while TensorFlow is imported, and at the end."""

import gc
import subprocess
import sys

import pytest

from pipeline import collector


def test_the_collector_rests_and_then_goes_on_even_after_an_error() -> None:
    assert gc.isenabled()
    inside = []

    def fail() -> None:
        with collector.paused():
            inside.append(gc.isenabled())
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert inside == [False]
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_at_exit_objects_are_left_out_and_registered_functions_run() -> None:
    code = (
        "import atexit, gc; from pipeline import collector;"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000));"
        "collector.leave_out_at_exit(); print(gc.get_freeze_count() > 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"
