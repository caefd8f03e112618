"""What a server sees while others write, are killed, or find the disk full."""

import json
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from components.serving import versions
from components.serving.push import push
from components.serving.restore import restore
from components.serving.rollback import rollback
from modules.errors import StageError
from tests.components.serving.processes import model, problems_in, start


def test_who_reads_all_the_time_finds_a_whole_version_every_time(
    tmp_path: Path, serving: Path
) -> None:
    sources = [model(tmp_path / mark, mark) for mark in "abc"]
    push(sources[0], serving, {})
    stop = tmp_path / "stop"
    readers = [start("read", stop, serving) for _ in range(2)]
    numbers = set()
    for turn in range(30):
        # Few enough that some are removed, more than a reader on a busy machine misses in a row.
        numbers.add(push(sources[turn % 3], serving, {}, keep=6))
        if turn % 3 == 2:
            rollback(serving, versions.list_versions(serving)[-3], by="ann")
    stop.touch()
    for reader in readers:
        seen = json.loads(reader.communicate(timeout=60)[0])
        assert seen["problems"] == []
        assert seen["reads"] > 10
        assert len(numbers.intersection(seen["newest"])) > 1


def test_a_version_that_comes_and_goes_is_whole_whenever_it_is_there(
    tmp_path: Path, serving: Path
) -> None:
    first, second = [push(model(tmp_path / mark, mark), serving, {}) for mark in "ab"]
    stop = tmp_path / "stop"
    reader = start("read", stop, serving)
    for _ in range(60):
        assert rollback(serving, by="ann").withdrawn == [second]
        assert restore(serving, second, by="ann").newest == second
    stop.touch()
    seen = json.loads(reader.communicate(timeout=60)[0])
    assert seen["problems"] == []
    assert seen["reads"] > 10
    assert set(seen["newest"]) <= {first, second}


def test_a_push_that_is_killed_at_any_moment_leaves_whole_versions(
    tmp_path: Path, serving: Path
) -> None:
    source = model(tmp_path / "a")
    push(source, serving, {})
    started = time.monotonic()
    push(source, serving, {}, keep=2)
    seconds = time.monotonic() - started
    moments = random.Random(0)
    partials = 0
    for _ in range(20):
        pusher = start("push", source, serving, 1000, 2)
        time.sleep(moments.uniform(0, 2.5 * seconds))
        pusher.kill()
        pusher.wait()
        assert len(versions.list_versions(serving)) >= 2
        assert problems_in(serving) == []
        partials += len(list(serving.glob(".*.partial")))
    assert partials > 3  # else they were killed between pushes
    highest = versions.list_versions(serving)[-1]
    newest = push(source, serving, {}, keep=2, wait=0)
    assert versions.list_versions(serving) == [highest, newest]
    left = {path.name for path in serving.iterdir()}
    assert left == {".lock", ".withdrawn", str(highest), str(newest)}


def test_a_full_disk_fails_the_push_in_one_line_and_leaves_what_is_served(
    tmp_path: Path, small_disk: Path
) -> None:
    source = model(tmp_path / "a", parts=6, part_bytes=100_000)
    served = push(source, small_disk, {})
    with pytest.raises(
        StageError, match=r"No space left.* whole and still served; free space"
    ) as error:
        push(source, small_disk, {})
    assert "\n" not in str(error.value)
    assert {path.name for path in small_disk.iterdir()} == {".lock", ".withdrawn", str(served)}
    shutil.rmtree(source)
    small = model(source, parts=1)
    assert push(small, small_disk, {}) > served


def test_a_rollback_and_its_undoing_need_no_space(tmp_path: Path, small_disk: Path) -> None:
    source = model(tmp_path / "a", parts=2)
    first, second = [push(source, small_disk, {"model": mark}) for mark in "ab"]
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(b"x" * (2 << 20))
    assert rollback(small_disk, by="ann").version == first
    assert versions.list_versions(small_disk) == [first]
    (note,) = versions.withdrawn(small_disk)
    assert (note["version"], note["model"]) == (second, "b")
    assert restore(small_disk, second, by="ann").newest == second
    assert versions.list_versions(small_disk) == [first, second]


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    source: Path, small_disk: Path
) -> None:
    served = push(source, small_disk, {})
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True, capture_output=True)
    with pytest.raises(StageError, match=r"Read-only file system.*where this user can write"):
        push(source, small_disk, {})
    assert versions.list_versions(small_disk) == [served]
