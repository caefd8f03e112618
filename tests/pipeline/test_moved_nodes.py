"""The cache survives a move of the root and of the data."""

import shutil
from pathlib import Path

import pytest

from components.records.summary import Summary
from modules.settings import ImageSpec, TrainerOptions
from pipeline.commands import move
from pipeline.compiled import compile_pipeline
from pipeline.configuration import loading, record
from pipeline.configuration.config import Config
from pipeline.node import run_node
from pipeline.state import owner
from pipeline.state.executions import connection_to
from pipeline.state.root import Root, new_run_id
from tests.faults.running import add_digits

# Those before Transform, which takes long, without DataCheck, which counts the images.
NODES = ("CuratedSchema", "ImageExampleGen", "StatisticsGen", "ExampleValidator")


def config_in(folder: Path) -> Config:
    add_digits(folder / "data [1]", 0, 4)
    (folder / "birds.yml").write_text(
        "data: {path: 'data [1]'}\nbackbone: {handle: module}\n", encoding="utf-8"
    )
    return loading.load(folder / "birds.yml", (), folder / "root, é")


def run(config: Config) -> dict[str, bool]:
    """Runs these nodes; tells which of them came from the cache."""
    root, run_id = Root(config.root), new_run_id()
    owner.claim(root, config)
    options = TrainerOptions(
        handle="module",
        sha256="0",
        image=ImageSpec.model_validate({"height": 8, "width": 8}),
        finetune=config.finetune,
        checkpoints=str(root.checkpoints),
    )
    compiled = compile_pipeline(config, options)
    connection = connection_to(root)
    return {
        node.id: run_node(compiled, node.id, run_id=run_id, connection=connection).state == "cached"
        for node in compiled.nodes
        if node.id in NODES
    }


def test_the_cache_holds_for_a_repeated_run_and_after_a_move_of_root_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = config_in(tmp_path / "here")
    assert run(here) == dict.fromkeys(NODES, False)
    assert run(here) == dict.fromkeys(NODES, True)

    summary = tmp_path / "summary.json"
    Summary(run_id="1", status="pushed", serving_dir="", run=record.of_run(here)).write(summary)
    repeated = loading.load_recorded(record.read_from(summary))
    assert repeated == here
    assert run(repeated) == dict.fromkeys(NODES, True)

    there = config_in(tmp_path / "there" / "deeper")
    shutil.move(here.root, there.root)
    move.move(there.root)
    assert run(there) == dict.fromkeys(NODES, True)

    next((tmp_path / "there").rglob("*.png")).unlink()
    again = run(there)
    assert again["CuratedSchema"]
    assert not again["ImageExampleGen"]
    assert not again["StatisticsGen"]
