"""What counts as a version, and what is known of it."""

from pathlib import Path

from components.serving import versions
from components.serving.push import push
from components.serving.rollback import rollback
from modules import model_layout
from tests.components.serving.processes import model


def test_versions_rise_and_carry_their_note(source: Path, serving: Path) -> None:
    numbers = [push(source, serving, {"run_id": run_id}) for run_id in "ab"]
    assert numbers == sorted(set(numbers)) == versions.list_versions(serving)
    note = versions.read_note(serving, numbers[1])
    assert (note["run_id"], note["version"]) == ("b", numbers[1])


def test_the_newest_version_alone_counts_as_served(serving: Path, three: list[int]) -> None:
    assert versions.served_version(serving, "/1") is None
    assert versions.served_version(serving, "/2") == three[2]
    rollback(serving, by="ann")
    assert versions.served_version(serving, "/1") == three[1]
    assert versions.served_version(serving.parent / "none", "/1") is None


def test_what_is_no_version_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    model(tmp_path / ".8.partial", parts=1)
    model(tmp_path / "9", parts=1)
    model(tmp_path / str(1 << 63), parts=1)  # more than a server can hold
    assert versions.list_versions(tmp_path) == [9]
    assert versions.list_versions(tmp_path / "none") == []


def test_a_version_of_another_program_has_an_empty_note(tmp_path: Path) -> None:
    model(tmp_path / "9", parts=1)
    assert versions.read_note(tmp_path, 9) == {}
    note = tmp_path / "9" / model_layout.NOTE
    note.parent.mkdir()
    for text in ("[]", "{"):
        note.write_text(text, encoding="utf-8")
        assert versions.read_note(tmp_path, 9) == {}
