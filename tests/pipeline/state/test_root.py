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


def test_one_service_at_a_time_looks_after_a_root_and_runs_go_on_beside_it(
    tmp_path: Path,
) -> None:
    root = Root(tmp_path)
    with root.watched(), root.held():
        with pytest.raises(BusyError, match="another thaw retrain --watch"), root.watched():
            raise AssertionError("two services looked after one root")
        with pytest.raises(BusyError, match="another run holds"), root.held():
            raise AssertionError("two runs held one root")


def test_run_ids_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert ids == sorted(ids)
