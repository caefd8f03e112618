"""Whose a root is, and that two runs do not share it."""

from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.root import Root, new_run_id


def test_a_root_serves_one_config_and_may_be_moved_with_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Root(home / "root").claim(home / "a.yaml")
    Root(home / "root").claim(home / "a.yaml")
    with pytest.raises(InputError, match=r"root: .* belongs to .*a\.yaml.* --root"):
        Root(home / "root").claim(home / "b.yaml")
    moved = home.rename(tmp_path / "moved")
    Root(moved / "root").claim(moved / "a.yaml")
    assert (moved / "root" / "config").read_text(encoding="utf-8") == "../a.yaml\n"


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written"):
        Root(tmp_path / "file").claim(tmp_path / "a.yaml")


def test_a_second_run_is_kept_out_until_the_first_has_ended(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with root.held(), pytest.raises(InputError, match="another run holds"), Root(tmp_path).held():
        raise AssertionError("two runs held one root")
    with root.held():
        assert root.path == tmp_path


def test_run_ids_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert ids == sorted(ids)
