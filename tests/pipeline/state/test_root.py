"""A root keeps other runs out, and names runs by their time."""

from pathlib import Path

import pytest

from modules.errors import BusyError
from pipeline.state.root import Root, new_run_id


def test_a_second_run_is_kept_out_until_the_first_has_ended(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with root.held(), pytest.raises(BusyError, match="another run holds"), Root(tmp_path).held():
        raise AssertionError("two runs held one root")
    with root.held():
        assert root.path == tmp_path


def test_run_ids_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert ids == sorted(ids)
