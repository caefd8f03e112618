"""Two runs at the same moment, of one root, and into one serving folder."""

import time
from pathlib import Path

import pytest

from components.serving import versions
from components.serving.lock import writing
from tests.e2e.thaw import summary_in
from tests.faults import watching
from tests.faults.chain import Served
from tests.faults.running import started

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_of_two_runs_of_one_root_one_ends_and_the_other_says_that_it_is_held(
    tmp_path: Path,
) -> None:
    served = Served(tmp_path / "root", tmp_path / "images")
    served.more_images(25)
    arguments = served.arguments(0)
    with started(served.root, *arguments) as one, started(served.root, *arguments) as two:
        ended = sorted([one.wait_for_end(), two.wait_for_end()])
    errors = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert ended == [0, 75], errors
    assert errors.count("\n") == 1
    assert f"root: another run holds {served.root}; wait until it has ended" in errors
    (version,) = watching.numbers(served.serving)
    served.check_end(version)


def test_two_roots_that_push_at_once_into_one_folder_make_two_whole_versions(
    tmp_path: Path,
) -> None:
    serving = tmp_path / "serving"
    roots = [Served(tmp_path / name, tmp_path / "images", serving) for name in ("one", "two")]
    for served in roots:
        served.more_images(25)
    patient = ("--set", "push.lock_seconds=900")
    with (
        started(roots[0].root, *roots[0].arguments(0), *patient) as one,
        started(roots[1].root, *roots[1].arguments(1), *patient) as two,
    ):
        with writing(serving, "test"):
            assert one.wait_for("^model_card done")
            assert two.wait_for("^model_card done")
            time.sleep(3)  # Both wait for the folder by now.
        with watching.Watcher(serving) as watcher:
            assert [one.wait_for_end(), two.wait_for_end()] == [0, 0]
    watcher.check_whole()
    pushed = {summary_in(served.root)["model_version"] for served in roots}
    assert pushed == set(watching.numbers(serving))
    assert [summary_in(served.root)["status"] for served in roots] == ["pushed", "pushed"]
    assert len({versions.read_note(serving, number)[versions.RUN_ID] for number in pushed}) == 2
