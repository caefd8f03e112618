"""ML Metadata is damaged, or lost, and what people are told to do then is right."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.thaw import DIGITS, summary_in, thaw, tree
from tests.faults import watching
from tests.faults.chain import Served
from tests.faults.running import LIGHT
from tests.faults.test_disk import one_line

pytestmark = pytest.mark.e2e


def test_damaged_metadata_ends_a_run_in_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert thaw("run", DIGITS, "--root", root, "--set", f"data.path={tmp_path}/none").code == 2
    (root / "artifacts").mkdir()
    for damaged in (b"", b"garbage" * 1000, b"SQLite format 3\x00" + bytes(5000)):
        (root / "metadata.db").write_bytes(damaged)
        done = thaw("run", DIGITS, "--root", root)
        one_line(done, 2, f"root: {root / 'metadata.db'} is ")
        assert "move it and" in done.err
        assert (root / "metadata.db").read_bytes() == damaged
        assert summary_in(root)["status"] == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("also_artifacts", [True, False])
def test_the_remedy_for_damaged_metadata_pushes_the_next_version_and_keeps_what_is_served(
    tmp_path: Path, also_artifacts: bool
) -> None:
    served = Served(tmp_path / "root", tmp_path / "images")
    served.more_images(25)
    served.finish(seed=0)
    first = tree(served.serving)
    content = (served.root / "metadata.db").read_bytes()
    (served.root / "metadata.db").write_bytes(content[: len(content) // 2])
    done = thaw("run", DIGITS, "--root", served.root, *LIGHT, *served.arguments(1))
    one_line(done, 2, "is damaged")
    assert tree(served.serving) == first
    shutil.move(served.root / "metadata.db", tmp_path)
    if also_artifacts:
        shutil.move(served.root / "artifacts", tmp_path)
    # Another model, at a place where the first one's would be, had numbers started again at 1.
    last = served.finish(seed=1)
    assert last.nodes("has nothing new") == set()
    one, two = watching.numbers(served.serving)
    assert summary_in(served.root)["status"] == "pushed"
    assert summary_in(served.root)["model_version"] == two
    assert summary_in(served.root)["gate"]["baseline"]["version"] == one
    assert {name: tree(served.serving)[name] for name in first} == first
    again = served.finish(seed=1)
    assert summary_in(served.root)["status"] == "unchanged"
    # Pusher looks, pushes nothing, and says so.
    assert again.nodes("done") <= {"pusher", "run_summary"}
    assert watching.numbers(served.serving) == [one, two]
