"""Whose a root is, and that two runs do not share it."""

from pathlib import Path

import pytest

from modules.errors import BusyError, InputError
from pipeline.root import Root, new_run_id


def test_a_root_serves_one_config(tmp_path: Path) -> None:
    Root(tmp_path / "root").claim(tmp_path / "a.yaml")
    Root(tmp_path / "root").claim(tmp_path / "a.yaml")
    with pytest.raises(InputError, match=r"root: .* belongs to .*a\.yaml.* --root"):
        Root(tmp_path / "root").claim(tmp_path / "b.yaml")


def test_a_root_that_was_moved_is_refused_for_its_metadata_holds_paths(tmp_path: Path) -> None:
    Root(tmp_path / "root").claim(tmp_path / "a.yaml")
    moved = (tmp_path / "root").rename(tmp_path / "moved")
    with pytest.raises(InputError, match=r"was made as .*root.*move it back"):
        Root(moved).claim(tmp_path / "a.yaml")


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written"):
        Root(tmp_path / "file").claim(tmp_path / "a.yaml")


def test_a_second_run_is_kept_out_until_the_first_has_ended(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with root.held(), pytest.raises(BusyError, match="another run holds"), Root(tmp_path).held():
        raise AssertionError("two runs held one root")
    with root.held():
        assert root.path == tmp_path


def test_run_ids_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert ids == sorted(ids)
