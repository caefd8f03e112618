"""One writer at a time; those who wait are told for whom; the dead stop nobody."""

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.serving import pins, versions
from components.serving.lock import OWNER, writing
from components.serving.push import push
from components.serving.restore import restore
from components.serving.rollback import rollback
from modules.errors import StageError
from tests.components.serving.processes import model, problems_in, start


def hold(serving: Path) -> "subprocess.Popen[str]":
    holder = start("hold", serving)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


WITHDRAWN = 7
WRITERS: list[Callable[[Path, Path, int], Any]] = [
    lambda source, serving, first: push(source, serving, {}, wait=0.1),
    lambda source, serving, first: rollback(serving, by="ann", wait=0.1),
    lambda source, serving, first: pins.pin(serving, first, wait=0.1),
    lambda source, serving, first: restore(serving, WITHDRAWN, by="ann", wait=0.1),
]


@pytest.mark.parametrize("write", WRITERS)
def test_who_waits_too_long_is_told_who_writes_and_since_when(
    write: Callable[[Path, Path, int], Any], source: Path, serving: Path, three: list[int]
) -> None:
    model(serving / versions.WITHDRAWN / str(WITHDRAWN), parts=1)
    holder = hold(serving)
    try:
        message = (
            rf"is held by push of run held \(process {holder.pid} on .+, for \d+ s\); try again"
        )
        with pytest.raises(StageError, match=message) as error:
            write(source, serving, three[0])
        assert "\n" not in str(error.value)
        assert versions.list_versions(serving) == three
        assert versions.served_version(serving, "/2") == three[2]  # who reads does not wait
    finally:
        holder.kill()
        holder.wait()


def test_an_owner_that_was_killed_stops_nobody(source: Path, serving: Path) -> None:
    holder = hold(serving)
    holder.kill()
    holder.wait()
    left = json.loads((serving / OWNER).read_text(encoding="utf-8"))
    assert left["pid"] == holder.pid
    with writing(serving, "test", wait=0):
        now = json.loads((serving / OWNER).read_text(encoding="utf-8"))
        assert (now["doing"], now["pid"] == holder.pid) == ("test", False)
    assert not (serving / OWNER).exists()
    push(source, serving, {}, wait=0)


@pytest.mark.parametrize("text", [None, "", "[]", '{"since": "now"}'])
def test_a_lock_whose_owner_is_unknown_is_told_as_one(serving: Path, text: str | None) -> None:
    with writing(serving, "test"):
        (serving / OWNER).unlink()
        if text is not None:
            (serving / OWNER).write_text(text, encoding="utf-8")
        error = pytest.raises(StageError, match=r"second: .* is held by another process; try again")
        with error, writing(serving, "second", wait=0.1):
            raise AssertionError("two held the lock")


def test_a_push_waits_for_the_one_under_way(source: Path, serving: Path) -> None:
    pushed: list[int] = []
    second = threading.Thread(target=lambda: pushed.append(push(source, serving, {}, wait=30)))
    with writing(serving, "test"):
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert versions.list_versions(serving) == []
    second.join(30)
    assert versions.list_versions(serving) == pushed != []


def test_two_processes_that_push_at_once_push_whole_versions_of_distinct_numbers(
    tmp_path: Path, serving: Path
) -> None:
    pushers = [start("push", model(tmp_path / mark, mark), serving, 8, 0) for mark in "ab"]
    numbers = [json.loads(pusher.communicate(timeout=120)[0]) for pusher in pushers]
    assert [pusher.returncode for pusher in pushers] == [0, 0]
    assert sorted(numbers[0] + numbers[1]) == versions.list_versions(serving)
    assert len(versions.list_versions(serving)) == 16
    assert problems_in(serving) == []
    runs = [versions.read_note(serving, n)["run_id"] for n in versions.list_versions(serving)]
    assert sorted(runs) == ["a"] * 8 + ["b"] * 8
