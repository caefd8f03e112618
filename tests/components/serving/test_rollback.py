"""A rollback withdraws what came after, and says so; pins name versions that are there."""

from pathlib import Path

import pytest

from components.serving import pins, versions
from components.serving.push import push
from components.serving.rollback import RolledBack, rollback
from modules.errors import InputError
from tests.components.serving.processes import model


def test_without_a_number_the_one_before_the_newest_is_served(
    serving: Path, three: list[int]
) -> None:
    assert rollback(serving, by="ann") == RolledBack(three[1], [three[2]])
    assert versions.list_versions(serving) == three[:2]


def test_what_was_withdrawn_is_kept_with_who_did_it_and_when(
    serving: Path, three: list[int]
) -> None:
    assert versions.withdrawn(serving) == []
    rollback(serving, three[0], by="ann")
    notes = versions.withdrawn(serving)
    assert [note["version"] for note in notes] == three[1:]
    assert [note["model"] for note in notes] == ["/1", "/2"]
    assert {note["withdrawn_by"] for note in notes} == {"ann"}
    assert all(note["withdrawn_at"] >= note["pushed_at"] for note in notes)
    assert (serving / versions.WITHDRAWN / str(three[2]) / "saved_model.pb").is_file()


def test_one_that_was_cut_off_before_its_note_is_withdrawn_all_the_same(
    serving: Path, three: list[int]
) -> None:
    (serving / str(three[2])).rename(serving / versions.WITHDRAWN / str(three[2]))
    (note,) = versions.withdrawn(serving)
    assert (note["model"], note["withdrawn_at"], note["withdrawn_by"]) == ("/2", None, None)
    assert rollback(serving, three[0], by="ann").withdrawn == [three[1]]


def test_what_another_program_put_on_top_is_withdrawn_too(
    source: Path, serving: Path, three: list[int]
) -> None:
    model(serving / str(three[2] + 1), parts=1)
    (serving / str(three[2] + 2)).mkdir()  # no model, but a server would try it
    done = rollback(serving, three[2], by="ann")
    assert done.withdrawn == [three[2] + 2, three[2] + 1]
    assert [note["version"] for note in versions.withdrawn(serving)] == done.withdrawn[::-1]
    assert push(source, serving, {}) > done.withdrawn[0]


def test_a_version_that_is_not_there_is_refused_with_those_that_are(
    serving: Path, three: list[int]
) -> None:
    there = ", ".join(map(str, three))
    with pytest.raises(InputError, match=f"no version 5; .* has {there}; name one of them"):
        rollback(serving, 5, by="ann")
    with pytest.raises(InputError, match=f"{three[2]} is the newest already; .* has {there}"):
        rollback(serving, three[2], by="ann")
    assert versions.list_versions(serving) == three


def test_with_one_version_or_none_there_is_nothing_to_go_back_to(
    source: Path, serving: Path
) -> None:
    with pytest.raises(InputError, match=r"no other version to go back to; .* has none; push"):
        rollback(serving, by="ann")
    assert not serving.exists()
    only = push(source, serving, {})
    for asked in (None, only):
        with pytest.raises(InputError, match=f"no other version to go back to; .* has {only}"):
            rollback(serving, asked, by="ann")
    assert versions.list_versions(serving) == [only]


def test_a_pin_is_set_and_taken_off(serving: Path, three: list[int]) -> None:
    for _ in range(2):
        pins.pin(serving, three[0])
        assert versions.pinned(serving) == {three[0]}
    pins.unpin(serving, three[0])
    assert versions.pinned(serving) == set()


def test_only_what_is_there_is_pinned_and_only_what_is_pinned_unpinned(
    serving: Path, three: list[int]
) -> None:
    with pytest.raises(InputError, match=f"no version 5; .* has {three[0]}, .*name one of them"):
        pins.pin(serving, 5)
    with pytest.raises(InputError, match=r"5 is not pinned; .* has pinned none"):
        pins.unpin(serving, 5)
    pins.pin(serving, three[0])
    with pytest.raises(InputError, match=f"not pinned; .* has pinned {three[0]}"):
        pins.unpin(serving, three[1])


def test_a_pin_goes_with_a_version_that_is_withdrawn(serving: Path, three: list[int]) -> None:
    pins.pin(serving, three[2])
    rollback(serving, by="ann")
    assert versions.pinned(serving) == {three[2]}
    pins.unpin(serving, three[2])
    assert versions.pinned(serving) == set()
