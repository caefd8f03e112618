"""Which served version a training starts from, and what it takes of that version."""

import shutil
from pathlib import Path

import pytest

from components.serving import versions
from components.warm_start.selection import choose, fingerprint, take
from modules import model_layout
from modules.finetune import model_record
from modules.finetune.model_record import Base, ModelRecord, Start
from modules.settings import ImageSpec, LinearHead

TASK = fingerprint("data", "recipe")
OTHER = fingerprint("other data", "recipe")


def served(serving: Path, number: int, start: Start | None = None, weights: bytes = b"w") -> Path:
    """Adds a version as a push does."""
    folder = serving / str(number)
    (folder / "variables").mkdir(parents=True)
    (folder / model_layout.SAVED_MODEL).write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(weights)
    model_layout.write_labels(["a", "b"], folder)
    record = ModelRecord(
        backbone="5a", image=ImageSpec(height=8, width=8), head=LinearHead(), variables=(),
        start=start,
    )  # fmt: skip
    model_record.write(record, folder)
    return folder


def withdraw(serving: Path, number: int) -> None:
    """What a rollback does."""
    (serving / versions.WITHDRAWN).mkdir(exist_ok=True)
    (serving / str(number)).rename(serving / versions.WITHDRAWN / str(number))


def test_there_is_no_base_before_the_first_push(tmp_path: Path) -> None:
    assert choose(tmp_path / "none", TASK) == Base(reason="there is no served version yet")
    assert choose(tmp_path, TASK).version is None


def test_the_base_is_the_version_that_a_server_picks_and_a_rollback_changes_it(
    tmp_path: Path,
) -> None:
    served(tmp_path, 3)
    served(tmp_path, 10, weights=b"others")
    newest = choose(tmp_path, TASK)
    assert (newest.version, newest.reason) == (10, "from version 10, which was served")
    withdraw(tmp_path, 10)
    before = choose(tmp_path, TASK)
    assert before.version == 3
    assert before.sha256 not in ("", newest.sha256)


def test_a_version_of_this_very_task_names_the_base_that_it_had(tmp_path: Path) -> None:
    """Each push would change the base otherwise, and each run would train and push again."""
    first = choose(tmp_path, TASK)
    served(tmp_path, 3, Start(task=TASK, base=first))
    assert choose(tmp_path, TASK) == first
    second = choose(tmp_path, OTHER)
    assert second.version == 3
    served(tmp_path, 4, Start(task=OTHER, base=second))
    assert choose(tmp_path, OTHER) == second
    # Back to the first task, whose model is served no more.
    assert choose(tmp_path, TASK).version == 4
    # A rollback brings its model back.
    withdraw(tmp_path, 4)
    assert choose(tmp_path, TASK) == first
    assert choose(tmp_path, OTHER) == second


def test_a_cold_start_that_was_pushed_stays_the_start_of_its_task(tmp_path: Path) -> None:
    served(tmp_path, 3)
    cold = choose(tmp_path, TASK, cold=True)
    assert cold == Base(reason="asked for by --cold")
    served(tmp_path, 4, Start(task=TASK, base=cold))
    assert choose(tmp_path, TASK) == cold
    assert choose(tmp_path, TASK, cold=True) == cold


def test_the_same_choice_is_the_same_text(tmp_path: Path) -> None:
    served(tmp_path, 3)
    text = choose(tmp_path, TASK).model_dump_json()
    assert text == choose(tmp_path, OTHER).model_dump_json()
    assert str(tmp_path) not in text  # a root may be moved


def test_other_weights_under_the_same_number_are_another_base(tmp_path: Path) -> None:
    served(tmp_path, 3)
    before = choose(tmp_path, TASK)
    shutil.rmtree(tmp_path / "3")
    served(tmp_path, 3, weights=b"v")
    assert choose(tmp_path, TASK).sha256 != before.sha256


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (model_layout.MODEL, None, "has no assets.extra/thaw_model.json, so it is not Thaw's, or"),
        (model_layout.LABELS, None, "has no assets.extra/labels.txt, so it is not Thaw's, or an e"),
        (model_layout.MODEL, b"\xff", "is damaged: assets.extra/thaw_model.json is not as Thaw"),
        (model_layout.MODEL, b"{}", "is damaged: assets.extra/thaw_model.json is not as Thaw"),
    ],
)
def test_a_version_of_another_program_or_a_damaged_one_is_no_base(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = served(tmp_path, 3) / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    base = choose(tmp_path, TASK)
    assert (base.version, base.sha256) == (3, "")
    assert base.reason.startswith(f"version 3 {reason}")


def test_a_folder_in_the_place_of_a_file_is_no_base(tmp_path: Path) -> None:
    path = served(tmp_path, 3) / model_layout.MODEL
    path.unlink()
    path.mkdir()
    base = choose(tmp_path, TASK)
    assert (base.sha256, base.reason) == ("", "version 3 cannot be read (Is a directory)")


def test_what_a_training_needs_is_copied_also_of_a_version_that_is_withdrawn(
    tmp_path: Path,
) -> None:
    serving, folder = tmp_path / "serving", tmp_path / "copy"
    source = served(serving, 3)
    base = choose(serving, TASK)
    assert take(serving, base, folder) == base
    assert not (folder / model_layout.SAVED_MODEL).exists()
    assert model_record.read(folder) == model_record.read(source)
    assert model_layout.read_labels(folder) == ["a", "b"]
    withdraw(serving, 3)
    assert take(serving, base, tmp_path / "again") == base
    for name in ("variables.index", "variables.data-00000-of-00001"):
        content = (source.parent / versions.WITHDRAWN / "3" / "variables" / name).read_bytes()
        assert (folder / "variables" / name).read_bytes() == content
        assert (tmp_path / "again" / "variables" / name).read_bytes() == content


def test_a_version_that_is_gone_or_has_changed_is_no_base(tmp_path: Path) -> None:
    serving = tmp_path / "serving"
    (served(serving, 3) / "variables" / "variables.index").write_bytes(b"other")
    base = choose(serving, TASK).model_copy(update={"sha256": "5a"})
    reason = "version 3, which it is to start from, is no longer there as it was"
    none = Base(version=3, reason=reason)
    assert take(serving, base, tmp_path / "copy") == none
    shutil.rmtree(serving)
    assert take(serving, base, tmp_path / "copy") == none
    assert not (tmp_path / "copy").exists()


def test_without_a_base_nothing_is_copied(tmp_path: Path) -> None:
    none = Base(reason="there is no served version yet")
    assert take(tmp_path, none, tmp_path / "copy") == none
    assert not (tmp_path / "copy").exists()


def test_a_task_is_its_parts_and_not_their_letters() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("ab", "c") == fingerprint("ab", "c")
