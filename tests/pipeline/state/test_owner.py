"""Whose a root is: a pipeline's by its name, and the root's own id."""

import json
from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.state import owner
from pipeline.state.root import Root


def config(folder: Path, name: str = "birds.yaml") -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("data: {path: photos}\nbackbone: {handle: module}\n", encoding="utf-8")
    return loading.load(path)


def test_another_checkout_of_a_config_goes_on_and_says_so(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    assert owner.claim(root, config(tmp_path / "one")) == ""
    before = owner.read(root)
    assert owner.claim(root, config(tmp_path / "one")) == ""
    line = owner.claim(root, config(tmp_path / "two"))
    assert line == (
        f"root: was last used by {tmp_path}/one/birds.yaml, and is now used by "
        f"{tmp_path}/two/birds.yaml"
    )
    after = owner.read(root)
    assert before is not None
    assert after is not None
    assert (after.id, after.pipeline) == (before.id, "birds")


def test_a_pipeline_of_another_name_is_refused_and_may_take_it_over(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    owner.claim(root, config(tmp_path))
    cats = config(tmp_path, "cats.yaml")
    with pytest.raises(InputError, match=r"belongs to the pipeline birds .*--root.*--adopt") as end:
        owner.claim(root, cats)
    assert "\n" not in str(end.value)
    assert "taken over from the pipeline birds" in owner.claim(root, cats, adopt=True)
    assert owner.claim(root, cats) == ""
    with pytest.raises(InputError, match="belongs to the pipeline cats"):
        owner.claim(root, config(tmp_path))


def test_a_root_that_was_moved_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    owner.claim(Root(tmp_path / "root"), config(tmp_path))
    moved = (tmp_path / "root").rename(tmp_path / "moved")
    with pytest.raises(
        InputError, match=r"was .*/root when it was last used, .*run thaw move .*/moved"
    ):
        owner.claim(Root(moved), config(tmp_path), adopt=True)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"config": "x", "root": "y"}'])
def test_an_owner_that_cannot_be_read_is_refused_and_may_be_adopted(
    tmp_path: Path, text: str
) -> None:
    root = Root(tmp_path / "root")
    root.path.mkdir()
    (root.path / owner.OWNER_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"owner\.json is damaged; .*thaw run --adopt"):
        owner.claim(root, config(tmp_path))
    assert owner.claim(root, config(tmp_path), adopt=True) == ""
    recorded = json.loads((root.path / owner.OWNER_FILE).read_text(encoding="utf-8"))
    assert (recorded["pipeline"], len(recorded["id"])) == ("birds", 32)


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written"):
        owner.claim(Root(tmp_path / "file"), config(tmp_path))
