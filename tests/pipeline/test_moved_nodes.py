"""Nodes that ran in a root are found again where it was moved to, with data that was moved too."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.local import local_dag_runner

from components.records.summary import Summary
from modules.settings import ImageSpec, TrainerOptions
from pipeline import loading, owner, record
from pipeline.cache_keys import without_places
from pipeline.commands import move
from pipeline.config import Config
from pipeline.executions import is_cached
from pipeline.graph import create_pipeline
from pipeline.root import Root, new_run_id
from pipeline.tfx_setup import compiled, places_of
from tests.faults.running import add_digits

# Those before Transform, which takes long, but for the check of how many images there are.
NODES = ("CuratedSchema", "ImageExampleGen", "StatisticsGen", "ExampleValidator")


def config_in(folder: Path) -> Config:
    add_digits(folder / "data [1]", 0, 4)
    (folder / "birds.yml").write_text(
        "data: {path: 'data [1]'}\nbackbone: {handle: module}\n", encoding="utf-8"
    )
    return loading.load(folder / "birds.yml", (), folder / "root, é")


def run(config: Config) -> dict[str, bool]:
    """Runs the nodes as ``pipeline.runners.local`` does; which were taken from the cache."""
    root, run_id = Root(config.root), new_run_id()
    owner.claim(root, config)
    options = TrainerOptions(
        handle="module",
        sha256="0",
        image=ImageSpec.model_validate({"height": 8, "width": 8}),
        finetune=config.finetune,
        checkpoints=str(root.checkpoints),
    )
    connection = metadata.sqlite_metadata_connection_config(str(root.metadata))
    graph = create_pipeline(config, options, str(root.artifacts), connection)
    ir: Any = compiled(graph, run_id)
    cached: dict[str, bool] = {}
    with without_places(places_of(config)):
        for node in ir.nodes:
            name = node.pipeline_node.node_info.id
            if name in NODES:
                alone = type(ir)()
                alone.CopyFrom(ir)
                del alone.nodes[:]
                alone.nodes.append(node)
                local_dag_runner.LocalDagRunner().run_with_ir(alone)
                cached[name] = is_cached(connection, config.name, run_id, name)
    return cached


def test_nothing_is_done_again_from_the_summary_or_after_a_move_of_root_and_data(
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
