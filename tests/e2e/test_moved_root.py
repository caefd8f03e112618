"""One root through a move, another checkout and a copy: nothing is done twice for it."""

import shutil
from pathlib import Path

import pytest

from components.serving.versions import list_versions
from tests.conftest import GLYPHS
from tests.e2e.thaw import Done, summary_in, thaw
from tests.faults.running import LIGHT, add_digits

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Names that libraries must take as they are; the config's own would be a pattern as a path.
CONFIG, ROOT = "photos [1].yml", "my root, é"


def checkout(folder: Path) -> Path:
    """A folder with a config, its data and its backbone; the same content wherever it is made."""
    add_digits(folder / "data [all]", 0, 25)
    shutil.copytree(GLYPHS, folder / "backbone")
    path = folder / "configs" / CONFIG
    path.parent.mkdir()
    path.write_text(
        "data: {path: '../data [all]'}\nbackbone: {handle: ../backbone}\n", encoding="utf-8"
    )
    return path


def run(config: Path, root: Path, *arguments: str) -> Done:
    return thaw("run", config, "--root", root, *LIGHT, *arguments)


def weights(root: Path) -> bytes:
    (file,) = (root / "serving").glob("*/variables/variables.data-*")
    return file.read_bytes()


def unchanged(done: Done, root: Path, version: int) -> None:
    assert done.code == 0, done.out + done.err
    assert summary_in(root)["status"] == "unchanged"
    assert summary_in(root)["model_version"] == version
    assert "trainer has nothing new" in done.out
    assert "evaluator has nothing new" in done.out
    assert list_versions(root / "serving") == [version]
    assert summary_in(root)["serving_dir"] == str(root / "serving")


def test_a_root_goes_on_after_a_move_with_another_checkout_and_as_a_copy(tmp_path: Path) -> None:
    config, root = checkout(tmp_path / "release 1"), tmp_path / ROOT
    first = run(config, root)
    assert first.code == 0, first.out + first.err
    version = summary_in(root)["model_version"]

    moved = tmp_path / "elsewhere" / "deeper"
    moved.parent.mkdir()
    root.rename(moved)
    refused = run(config, moved)
    assert refused.code == 2
    assert f"run thaw move {moved}" in refused.err
    assert thaw("move", moved).code == 0
    unchanged(run(config, moved), moved, version)

    other = checkout(tmp_path / "release 2")
    with_other = run(other, moved)
    unchanged(with_other, moved, version)
    assert f"was last used by {config}, and is now used by {other}" in with_other.out

    copied = Path(shutil.copytree(moved, tmp_path / "copy"))
    assert thaw("move", copied).code == 0
    unchanged(run(other, copied), copied, version)
    unchanged(run(other, moved), moved, version)

    # The record that travels with the version is enough, without the config's file and its --set.
    record = moved / "serving" / str(version) / "assets.extra" / "summary.json"
    other.unlink()
    repeated = thaw("run", "--from", record, "--root", moved)
    unchanged(repeated, moved, version)
    line = "repeated: the data, the backbone, the packages and the code are those of the first run"
    assert line in repeated.out
    new = tmp_path / "new"
    again = thaw("run", "--from", moved / "summary.json", "--root", new)
    assert again.code == 0, again.out + again.err
    assert line in again.out
    assert summary_in(new)["status"] == "pushed"
    assert weights(new) == weights(moved)
    assert summary_in(new)["metrics"] == summary_in(moved)["metrics"]
    assert summary_in(new)["run"]["ended_at"] > summary_in(moved)["run"]["ended_at"]
