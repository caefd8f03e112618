"""``thaw inspect``, on what ships and over the web."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import GLYPHS
from tests.e2e.thaw import DIGITS, thaw
from tests.e2e.web import serving

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(GLYPHS, "glyphs/1") as result:
        yield result


def test_a_configs_stages_are_shown_block_by_block() -> None:
    done = thaw("inspect", DIGITS, "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["input"] == {"height": 32, "width": 32, "channels": 3}
    assert record["output_dim"] == 96
    names = [block["name"] for block in record["blocks"]]
    assert names == ["stem", "block_1", "block_2", "block_3", "block_4"]
    assert record["blocks"][0]["variables"][0] == "stem_conv/kernel"
    assert record["blocks"][0]["layers"] == ["stem_conv", "stem_bn"]
    assert record["stages"][0] == {
        "name": "head", "blocks": [], "parameters": 0,
        "cache": "embeddings", "cache_reason": "the whole backbone is frozen", "kb_per_image": 0.4,
    }  # fmt: skip
    assert [stage["cache"] for stage in record["stages"]] == ["embeddings", "activations", "none"]
    assert record["stages"][-1]["parameters"] == 102_320
    assert record["warm_stages"] == []


def test_the_stages_of_a_warm_start_are_shown_where_one_is_asked_for() -> None:
    done = thaw("inspect", DIGITS, "--set", "finetune.warm_start.from=served")
    assert done.code == 0, done.err
    assert "\nstage full: 102,320 parameters: stem, block_1" in done.out
    assert "\nstage of a warm start warm: 102,320 parameters: stem, block_1" in done.out


def test_a_handle_on_the_web_is_loaded_and_kept(address: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    done = thaw("inspect", f"{address}/glyphs/1", TFHUB_CACHE_DIR=str(cache))
    assert done.code == 0, done.err
    assert "takes 32 x 32 x 3, gives 96 numbers" in done.out
    assert len(list(cache.rglob("saved_model.pb"))) == 1


def test_a_handle_that_the_web_does_not_have_is_named(address: str, tmp_path: Path) -> None:
    done = thaw("inspect", f"{address}/none/1", TFHUB_CACHE_DIR=str(tmp_path))
    assert done.code == 2
    assert f"backbone.handle: could not load {address}/none/1" in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_run_takes_its_backbone_from_the_web_and_keeps_its_images_on_disk(
    address: str, tmp_path: Path
) -> None:
    done = thaw(
        "run", DIGITS, "--root", tmp_path / "root",
        "--set", f"backbone.handle={address}/glyphs/1",
        "--set", "finetune={cache_mb: 0, stages: [{name: head, epochs: 3, learning_rate: 0.01}]}",
        "--set",
        "evaluation.min_accuracy=0.8",
        TFHUB_CACHE_DIR=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.code == 0, done.out + done.err
    assert "pushed version" in done.out
