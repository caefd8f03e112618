"""A run refuses what it cannot do before it writes anything."""

from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.runners import local


def test_a_run_is_one_process_and_says_who_trains_in_several(tmp_path: Path) -> None:
    path = tmp_path / "configs" / "birds.yaml"
    path.parent.mkdir()
    path.write_text(
        "data: {path: photos}\nbackbone: {handle: module}\n"
        "finetune: {distribution: multi_worker}\n",
        encoding="utf-8",
    )
    message = (
        r"finetune\.distribution: got multi_worker.*; use none or mirrored, or .*run_fn.*TF_CONFIG"
    )
    with pytest.raises(InputError, match=message) as error:
        local.run(loading.load(path))
    assert "\n" not in str(error.value)
    assert not (tmp_path / ".thaw").exists()


@pytest.mark.parametrize(
    ("name", "problem"), [(".", "is a folder"), ("a/b.json", "lies in no folder that exists")]
)
def test_a_summary_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, name: str, problem: str
) -> None:
    path = tmp_path / "birds.yaml"
    path.write_text("data: {path: photos}\nbackbone: {handle: module}\n", encoding="utf-8")
    message = rf"--summary: .* {problem}; name a file in an existing folder"
    with pytest.raises(InputError, match=message):
        local.run(loading.load(path), summary_file=tmp_path / name)
    assert not (tmp_path / ".thaw").exists()
