"""A push adds a whole version or nothing, and keeps what it was asked to keep."""

import time
from pathlib import Path

import pytest

from components import disk
from components.serving import pins, versions
from components.serving.push import push
from components.serving.rollback import rollback
from modules import model_layout
from modules.errors import InputError, StageError
from tests.components.serving.processes import model
from tests.e2e.thaw import tree


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_version_holds_the_model_and_what_travels_with_it(source: Path, serving: Path) -> None:
    extra = {"summary.json": b"{}", "deep/card.md": b"# Card"}
    version = serving / str(push(source, serving, {}, extra=lambda version: extra))
    pushed = tree(version)
    assert pushed.pop(model_layout.NOTE)
    assert pushed.pop("assets.extra/summary.json") == b"{}"
    assert pushed.pop("assets.extra/deep/card.md") == b"# Card"
    assert pushed == tree(source)


def test_links_become_files_and_the_sources_permissions_do_not_travel(
    source: Path, serving: Path
) -> None:
    (source / "variables" / "link").symlink_to(source / "saved_model.pb")
    (source / "saved_model.pb").chmod(0o400)
    (source / "variables").chmod(0o500)
    version = serving / str(push(source, serving, {}))
    assert not (version / "variables" / "link").is_symlink()
    assert tree(version).keys() - {model_layout.NOTE} == tree(source).keys()
    assert (version / "saved_model.pb").stat().st_mode & 0o200
    assert (version / "variables").stat().st_mode & 0o200


def test_a_push_that_fails_leaves_nothing_behind(source: Path, serving: Path) -> None:
    push(source, serving, {})
    before = names(serving)
    with pytest.raises(TypeError):
        push(source, serving, {"not json": object()})
    (source / "variables" / "gone").symlink_to(source / "nowhere")
    with pytest.raises(StageError, match=r"push: failed in .* \(No such file.*gone\)"):
        push(source, serving, {})
    assert names(serving) == before


def test_a_folder_that_is_no_model_is_not_pushed(tmp_path: Path, serving: Path) -> None:
    with pytest.raises(StageError, match=r"holds no saved_model\.pb"):
        push(tmp_path, serving, {})
    assert not serving.exists()


def test_a_serving_folder_that_is_a_file_is_told_in_one_line(source: Path, serving: Path) -> None:
    serving.write_text("in the way", encoding="utf-8")
    with pytest.raises(
        StageError, match=r"^push of run 7: failed in .*serving_dir is a folder"
    ) as e:
        push(source, serving, {"run_id": "7"})
    assert "\n" not in str(e.value)


def test_leftovers_of_killed_pushes_are_removed_and_nothing_else(
    source: Path, serving: Path
) -> None:
    model(serving / ".7.partial", parts=2)
    model(serving / ".6.removed", parts=2)
    model(serving / "mine", parts=2)
    (serving / "..lock.json.partial").touch()
    version = push(source, serving, {})
    assert names(serving) == sorted([".lock", ".withdrawn", "mine", str(version)])


def test_numbers_rise_whatever_the_clock_says_and_never_come_again(
    source: Path, serving: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.5)
    assert [push(source, serving, {}) for _ in range(3)] == [1000, 1001, 1002]
    assert rollback(serving, 1000, by="ann").withdrawn == [1002, 1001]
    monkeypatch.setattr(time, "time", lambda: 10.0)
    assert push(source, serving, {}) == 1003
    monkeypatch.setattr(time, "time", lambda: 2000.0)
    assert push(source, serving, {}) == 2000
    (serving / "3000").mkdir()  # no model, but a server would look there
    assert push(source, serving, {}) == 3001


def test_the_newest_versions_and_the_pinned_stay(
    source: Path, serving: Path, three: list[int]
) -> None:
    pins.pin(serving, three[0])
    fourth = push(source, serving, {}, keep=2)
    assert versions.list_versions(serving) == [three[0], three[2], fourth]
    pins.unpin(serving, three[0])
    fifth = push(source, serving, {}, keep=2)
    assert versions.list_versions(serving) == [fourth, fifth]
    assert not list(serving.glob(".*.removed"))


def test_what_another_program_put_there_stays(source: Path, serving: Path) -> None:
    model(serving / "5", parts=1)
    numbers = [push(source, serving, {}, keep=2) for _ in range(3)]
    assert versions.list_versions(serving) == [5, *numbers[1:]]


def test_old_withdrawn_versions_keep_their_notes_alone(
    source: Path, serving: Path, three: list[int]
) -> None:
    more = [push(source, serving, {"model": f"/{i}"}) for i in (3, 4)]
    pins.pin(serving, three[1])
    rollback(serving, three[0], by="ann")
    folder = serving / versions.WITHDRAWN
    for number in (three[2], more[1]):
        (folder / str(number) / model_layout.EXTRA / "model_int8.tflite").write_bytes(b"flat")
    push(source, serving, {}, keep=2)
    whole = [n for n in versions.numbers_in(folder) if (folder / f"{n}/saved_model.pb").exists()]
    assert whole == [three[1], *more]  # a pin, and the newest two
    assert names(folder / str(three[2])) == [model_layout.EXTRA]
    assert names(folder / str(three[2]) / model_layout.EXTRA) == ["thaw.json"]
    assert (folder / str(more[1]) / model_layout.EXTRA / "model_int8.tflite").exists()
    assert [note["model"] for note in versions.withdrawn(serving)] == ["/1", "/2", "/3", "/4"]


def test_to_keep_fewer_than_two_is_refused_before_anything_is_written(
    source: Path, serving: Path
) -> None:
    with pytest.raises(InputError, match=r"push\.keep: got 1; must be at least 2"):
        push(source, serving, {}, keep=1)
    assert not serving.exists()


def test_a_push_does_not_fail_for_what_it_cannot_remove(
    source: Path,
    serving: Path,
    three: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(disk, "remove", refuse)
    version = push(source, serving, {}, keep=2)
    assert versions.list_versions(serving) == [*three, version]
    assert "older versions could not be removed" in caplog.text
