"""The configuration is resolved against a backbone before the graph is built."""

import shutil
from pathlib import Path

import pytest

from modules.backbones.loading import origin
from modules.backbones.loading.origin import Origin
from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.configuration.config import BackboneOptions
from pipeline.preparation import prepare, prepare_config
from tests.conftest import GLYPHS, PROJECT

ORIGIN = Origin(
    handle="https://host/m", height=32, width=32, input_range=(-1.0, 1.0), blocks=("(block)",)
)


@pytest.fixture
def version(tmp_path: Path) -> str:
    """A backbone as Thaw exports it, with the record of its origin."""
    shutil.copytree(GLYPHS, tmp_path / "1")
    origin.write(ORIGIN, tmp_path / "1")
    return str(tmp_path / "1")


def test_a_version_s_origin_fills_in_what_the_config_leaves_out(version: str) -> None:
    prepared = prepare(BackboneOptions(handle=version))
    assert prepared.image.input_range == (-1.0, 1.0)
    assert prepared.patterns == ("(block)",)
    assert "block" in [block.name for block in prepared.blocks]
    (note,) = prepared.notes
    assert note == (
        f"{version} is a model that Thaw trained from https://host/m: its backbone is used with "
        "the weights that it learned, and without its head; also from that model: blocks, "
        "image_size, input_range"
    )


def test_the_config_takes_precedence_over_the_origin(version: str) -> None:
    options = BackboneOptions(handle=version, input_range=(0.0, 1.0), blocks=("stem|block_.",))
    prepared = prepare(options)
    assert prepared.image.input_range == (0.0, 1.0)
    assert prepared.patterns == ("stem|block_.",)
    assert [block.name for block in prepared.blocks][:2] == ["stem", "block_1"]
    assert prepared.notes[0].endswith("without its head; also from that model: image_size")


def test_options_from_the_record_of_a_run_mean_the_same(version: str) -> None:
    options = BackboneOptions(handle=version)
    again = BackboneOptions.model_validate(options.model_dump(exclude={"sha256"}))
    assert prepare(again).image == prepare(options).image
    assert prepare(again).patterns == ORIGIN.blocks


def test_another_module_has_no_origin_and_no_note() -> None:
    prepared = prepare(BackboneOptions(handle=str(GLYPHS)))
    assert prepared.notes == ()
    assert prepared.image.input_range == (0.0, 1.0)


def test_the_stages_of_a_warm_start_are_checked_as_those_of_the_schedule(tmp_path: Path) -> None:
    warm = "finetune.warm_start.stages=[{name: w, unfreeze: {last: 99}}]"
    digits = PROJECT / "configs" / "digits.yaml"
    ordinary = loading.load(digits, [warm], tmp_path)
    assert prepare_config(ordinary).stages[0].stage.name == "head"
    asked_for = loading.load(digits, [warm, "finetune.warm_start.from=served"], tmp_path)
    with pytest.raises(InputError, match=r"^finetune\.warm_start\.stages\[w\]\.unfreeze: got last"):
        prepare_config(asked_for)
