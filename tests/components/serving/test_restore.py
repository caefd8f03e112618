"""What a rollback withdrew can be brought back, whole or not at all."""

from pathlib import Path

import pytest

from components import disk
from components.serving import pins, versions
from components.serving.push import push
from components.serving.restore import Restored, restore
from components.serving.rollback import rollback
from modules.errors import InputError


def test_a_version_comes_back_under_its_number_with_all_its_files(
    serving: Path, three: list[int]
) -> None:
    before = {path.name for path in (serving / str(three[2])).rglob("*")}
    rollback(serving, three[0], by="ann")
    assert versions.restorable(serving) == three[1:]
    assert restore(serving, three[2], by="bob") == Restored(three[2], three[2])
    assert versions.list_versions(serving) == [three[0], three[2]]
    assert {path.name for path in (serving / str(three[2])).rglob("*")} == before
    assert versions.restorable(serving) == [three[1]]


def test_its_model_counts_as_withdrawn_no_longer_and_the_note_says_who_brought_it_back(
    serving: Path, three: list[int]
) -> None:
    rollback(serving, by="ann")
    assert [note["model"] for note in versions.withdrawn(serving)] == ["/2"]
    restore(serving, three[2], by="bob")
    assert versions.withdrawn(serving) == []
    assert versions.served_version(serving, "/2") == three[2]
    note = versions.read_note(serving, three[2])
    assert note["restored_by"] == "bob"
    assert note["restored_at"] >= note["pushed_at"]
    assert not set(versions.OF_WITHDRAWAL) & set(note)
    rollback(serving, by="eve")
    assert versions.withdrawn(serving)[0]["withdrawn_by"] == "eve"


def test_one_that_came_back_is_served_only_if_none_is_newer(
    source: Path, serving: Path, three: list[int]
) -> None:
    rollback(serving, by="ann")
    newer = push(source, serving, {})
    assert restore(serving, three[2], by="bob") == Restored(three[2], newer)


def test_killed_before_its_note_it_is_served_all_the_same(
    serving: Path, three: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rollback(serving, by="ann")

    def killed(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(disk, "replace_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            restore(serving, three[2], by="bob")
    assert versions.list_versions(serving) == three
    assert versions.withdrawn(serving) == []
    rollback(serving, by="eve")
    assert restore(serving, three[2], by="bob").version == three[2]


def test_a_note_that_cannot_be_written_is_no_failure(
    serving: Path, three: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rollback(serving, by="ann")

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "replace_whole", full)
    assert restore(serving, three[2], by="bob").newest == three[2]


def test_what_retention_has_removed_is_refused_with_what_can_be_brought_back(
    source: Path, serving: Path
) -> None:
    numbers = [push(source, serving, {"model": f"/{place}"}) for place in range(5)]
    pins.pin(serving, numbers[1])
    rollback(serving, numbers[0], by="ann")
    push(source, serving, {}, keep=2)
    assert versions.restorable(serving) == [numbers[1], *numbers[3:]]
    listed = ", ".join(map(str, [numbers[1], *numbers[3:]]))
    with pytest.raises(
        InputError, match=f"{numbers[2]} was withdrawn, and no model is left of it; .*{listed}"
    ):
        restore(serving, numbers[2], by="bob")


def test_a_retention_that_is_killed_leaves_nothing_that_looks_whole(
    source: Path, serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [push(source, serving, {}) for _ in range(4)]
    rollback(serving, numbers[0], by="ann")

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(disk, "delete", killed)
    with pytest.raises(KeyboardInterrupt):
        push(source, serving, {}, keep=2)
    assert (serving / versions.WITHDRAWN / str(numbers[1]) / "variables").is_dir()
    assert versions.restorable(serving) == numbers[2:]


@pytest.mark.parametrize("asked", ["there", "unknown"])
def test_what_was_not_withdrawn_is_refused(serving: Path, three: list[int], asked: str) -> None:
    rollback(serving, by="ann")
    number, message = (
        (three[0], "is there, and not") if asked == "there" else (5, "no version 5 was")
    )
    with pytest.raises(InputError, match=f"{message} withdrawn; .* can bring back {three[2]}"):
        restore(serving, number, by="bob")
    assert versions.list_versions(serving) == three[:2]


def test_before_any_push_there_is_nothing_to_bring_back(serving: Path) -> None:
    with pytest.raises(InputError, match=r"no version 5 was withdrawn; .* can bring back none"):
        restore(serving, 5, by="bob")
    assert not serving.exists()


def test_what_another_program_put_in_its_place_is_left_alone(
    serving: Path, three: list[int]
) -> None:
    rollback(serving, by="ann")
    (serving / str(three[2])).mkdir()
    with pytest.raises(InputError, match="is there, and not withdrawn"):
        restore(serving, three[2], by="bob")
    assert list((serving / str(three[2])).iterdir()) == []
    assert versions.restorable(serving) == [three[2]]
