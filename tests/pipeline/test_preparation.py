"""What is found out of a backbone before the graph is built."""

import shutil
from pathlib import Path

import pytest

from modules.backbones.loading import origin
from modules.backbones.loading.origin import Origin
from pipeline.config import BackboneOptions
from pipeline.preparation import prepare
from tests.conftest import GLYPHS

ORIGIN = Origin(
    handle="https://host/m", height=32, width=32, input_range=(-1.0, 1.0), blocks=("(block)",)
)


@pytest.fixture
def version(tmp_path: Path) -> str:
    """As Thaw exports one: a backbone, with what it remembers."""
    shutil.copytree(GLYPHS, tmp_path / "1")
    origin.write(ORIGIN, tmp_path / "1")
    return str(tmp_path / "1")


def test_what_a_version_remembers_holds_where_the_config_says_nothing(version: str) -> None:
    prepared = prepare(BackboneOptions(handle=version))
    assert prepared.image.input_range == (-1.0, 1.0)
    assert prepared.patterns == ("(block)",)
    assert "block" in [block.name for block in prepared.blocks]
    (note,) = prepared.notes
    assert note == (
        f"{version} is a model that Thaw trained from https://host/m: its backbone is taken, with "
        "what it has learnt, and without its head; blocks, image_size, input_range as then"
    )


def test_what_the_config_says_wins(version: str) -> None:
    options = BackboneOptions(handle=version, input_range=(0.0, 1.0), blocks=("stem|block_.",))
    prepared = prepare(options)
    assert prepared.image.input_range == (0.0, 1.0)
    assert prepared.patterns == ("stem|block_.",)
    assert [block.name for block in prepared.blocks][:2] == ["stem", "block_1"]
    assert prepared.notes[0].endswith("without its head; image_size as then")


def test_options_that_were_written_down_whole_mean_the_same(version: str) -> None:
    """As the record of a run has them."""
    options = BackboneOptions(handle=version)
    again = BackboneOptions.model_validate(options.model_dump(exclude={"sha256"}))
    assert prepare(again).image == prepare(options).image
    assert prepare(again).patterns == ORIGIN.blocks


def test_of_another_module_nothing_is_said() -> None:
    prepared = prepare(BackboneOptions(handle=str(GLYPHS)))
    assert prepared.notes == ()
    assert prepared.image.input_range == (0.0, 1.0)
