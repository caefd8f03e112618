"""Disks that are full, and roots that cannot be written."""

from pathlib import Path

import pytest

from tests.e2e.thaw import DIGITS, Done, summary_in, thaw, tree
from tests.faults import watching
from tests.faults.chain import Served
from tests.faults.mounts import fill, read_only, small_disk
from tests.faults.running import LIGHT

pytestmark = pytest.mark.e2e

KB = 1024


def one_line(done: Done, status: int, message: str) -> None:
    """Asserts that a run ended with this status and one line, which says this and no more."""
    assert done.code == status, done.out + done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("thaw: ")
    assert message in done.err


def test_a_root_below_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    done = thaw("run", DIGITS, "--root", tmp_path / "file" / "root")
    one_line(done, 2, f"root: {tmp_path / 'file' / 'root'} cannot be written (Not a directory)")


def test_a_read_only_root_is_refused_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        done = thaw("run", DIGITS, "--root", disk / "root", "--set", f"data.path={tmp_path}/none")
        one_line(done, 2, "data.path")  # It is the root's, and writable, by now.
        read_only(disk)
        for root in (disk / "root", disk / "other"):
            done = thaw("run", DIGITS, "--root", root)
            one_line(done, 2, f"root: {root} cannot be written (Read-only file system); name")


def test_a_full_disk_below_a_new_root_is_told_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1) as disk:
        fill(disk, 0)
        done = thaw("run", DIGITS, "--root", disk / "root")
        one_line(done, 1, f"root: no space is left on the disk of {disk / 'root'} (0 MB free now)")


@pytest.mark.slow
def test_a_run_on_a_full_disk_ends_in_one_line_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        served = Served(disk / "root", tmp_path / "images")
        served.more_images(25)
        served.finish(seed=0)
        before = tree(served.serving)
        # No byte; hardly what ML Metadata needs; what Trainer needs for its checkpoints, but not
        # for the model.
        for left in (0, 40 * KB, 400 * KB, 1500 * KB):
            ballast = fill(disk, left)
            done = thaw("run", DIGITS, "--root", served.root, *LIGHT, *served.arguments(1))
            one_line(done, 1, f"no space is left on the disk of {disk}")
            assert "free some there and run again" in done.err
            assert tree(served.serving) == before
            ballast.unlink()
        last = served.finish(seed=1)
        assert {"image_example_gen", "transform"} <= last.nodes("has nothing new")
        assert len(watching.numbers(served.serving)) == 2
        served.check_end(watching.numbers(served.serving)[-1])


@pytest.mark.slow
def test_a_full_serving_disk_ends_a_run_in_one_line_and_the_push_is_made_up_for(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 16) as disk:
        served = Served(tmp_path / "root", tmp_path / "images", disk / "serving")
        served.more_images(25)
        served.finish(seed=0)
        before = tree(served.serving)
        with watching.Watcher(served.serving) as watcher:
            for left in (0, 300 * KB):
                ballast = fill(disk, left)
                done = thaw("run", DIGITS, "--root", served.root, *LIGHT, *served.arguments(1))
                one_line(done, 1, f"failed in {served.serving} (No space left on device")
                assert "free space there" in done.err
                assert {name: tree(served.serving)[name] for name in before} == before
                assert summary_in(served.root)["status"] == "failed"
                ballast.unlink()
            last = served.finish(seed=1)
        watcher.check()
        assert {"trainer", "evaluator", "gate"} <= last.nodes("has nothing new")
        assert len(watching.numbers(served.serving)) == 2
        served.check_end(watching.numbers(served.serving)[-1])
