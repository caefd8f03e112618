"""A root that was moved or copied: ``thaw move`` mends what holds its path."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.portable import cache_utils
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import artifact_utils

from components.serving import versions
from components.serving.push import push
from modules.errors import InputError
from pipeline.caching import cache_keys
from pipeline.commands import move
from pipeline.state import owner
from pipeline.state.root import Root
from tests.components.serving.processes import model
from tests.faults.state import opened
from tests.pipeline.state.test_owner import config


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A root with an artifact, an execution, a summary and a pushed version."""
    root = Root(tmp_path / "old é")
    owner.claim(root, config(tmp_path / "project"))
    store = opened(root.path)
    artifact_type = metadata_store_pb2.ArtifactType(name="Examples")
    execution_type = metadata_store_pb2.ExecutionType(name="Pusher")
    execution = metadata_store_pb2.Execution(type_id=store.put_execution_type(execution_type))
    execution.custom_properties["serving_dir"].string_value = str(root.path / "serving")
    store.put_executions([execution])
    artifact = metadata_store_pb2.Artifact(type_id=store.put_artifact_type(artifact_type))
    artifact.uri = str(root.artifacts / "ImageExampleGen" / "examples" / "1")
    artifact.custom_properties["current_model"].string_value = f"{root.artifacts}/Trainer/model/3"
    artifact.custom_properties["other"].string_value = f"{root.path}-elsewhere/x"
    store.put_artifacts([artifact])
    text = json.dumps({"choice": json.dumps({"folder": str(root.path / "serving" / "1")})})
    (root.artifacts / "Gate" / "blessing" / "7").mkdir(parents=True)
    (root.artifacts / "Gate" / "blessing" / "7" / "gate.json").write_text(text, encoding="utf-8")
    root.compiled.mkdir()
    (root.compiled / "nodes.json").write_text(json.dumps({"root": str(root.path)}), "utf-8")
    note = {"run_id": "0", versions.MODEL: f"{root.artifacts}/Trainer/model/3"}
    push(model(tmp_path / "source", parts=2), root.path / "serving", note)
    return root


def only(store: Any) -> Any:
    (artifact,) = store.get_artifacts()
    return artifact


def test_after_a_move_every_path_is_the_new_one(root: Root, tmp_path: Path) -> None:
    before = owner.read(root)
    new = Root(root.path.rename(tmp_path / "new place"))
    assert "moved from" in move.move(new.path)
    store = opened(new.path)
    artifact = only(store)
    assert artifact.uri == f"{new.path}/artifacts/ImageExampleGen/examples/1"
    assert artifact.custom_properties["current_model"].string_value == (
        f"{new.path}/artifacts/Trainer/model/3"
    )
    assert artifact.custom_properties["other"].string_value == f"{root.path}-elsewhere/x"
    (execution,) = store.get_executions()
    assert execution.custom_properties["serving_dir"].string_value == f"{new.path}/serving"
    gate = json.loads(next(new.artifacts.rglob("gate.json")).read_text(encoding="utf-8"))
    assert json.loads(gate["choice"]) == {"folder": f"{new.path}/serving/1"}
    model_uri = f"{new.path}/artifacts/Trainer/model/3"
    assert versions.served_version(new.path / "serving", model_uri) is not None
    assert not new.compiled.exists()
    after = owner.read(new)
    assert before is not None
    assert after is not None
    assert (after.root, after.id) == (str(new.path), before.id)
    assert "nothing to update" in move.move(new.path)


def test_a_copy_gets_its_own_id_and_numbers_and_the_original_stays(
    root: Root, tmp_path: Path
) -> None:
    before = (only(opened(root.path)).uri, owner.read(root))
    copied = Root(Path(shutil.copytree(root.path, tmp_path / "copy")))
    assert "a copy of" in move.move(copied.path)
    assert (only(opened(root.path)).uri, owner.read(root)) == before
    one, other = owner.read(root), owner.read(copied)
    assert one is not None
    assert other is not None
    assert one.id != other.id
    with sqlite3.connect(copied.metadata) as db:
        ((last,),) = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'Execution'")
    assert last > 1_600_000_000_000


@pytest.mark.parametrize("is_copy", [False, True])
def test_a_serving_folder_outside_of_the_root_follows_a_move_and_stays_the_original_s(
    root: Root, tmp_path: Path, is_copy: bool
) -> None:
    store = opened(root.path)
    (execution,) = store.get_executions()
    execution.custom_properties["serving_dir"].string_value = str(tmp_path / "serving")
    store.put_executions([execution])
    (root.path / "serving").rename(tmp_path / "serving")
    new = tmp_path / "new"
    if is_copy:
        shutil.copytree(root.path, new)
    else:
        root.path.rename(new)
    move.move(new)
    whose = root.path if is_copy else new
    model_uri = f"{whose}/artifacts/Trainer/model/3"
    assert versions.served_version(tmp_path / "serving", model_uri) is not None


def test_what_is_no_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"ROOT: .* is no root, since it holds no owner\.json; give"
    ):
        move.move(tmp_path)


def test_a_key_of_the_cache_holds_no_place() -> None:
    def key(root: str, stamp: int, data: str, seed: int = 1) -> str:
        kind = metadata_store_pb2.ArtifactType(name="Examples")
        proto = metadata_store_pb2.Artifact(id=3, uri=f"{root}/artifacts/x/1")
        proto.last_update_time_since_epoch = stamp
        proto.custom_properties["model"].string_value = f"{root}/artifacts/Trainer/model/3"
        artifact = artifact_utils.deserialize_artifact(kind, proto)
        connection = metadata_store_pb2.ConnectionConfig()
        connection.fake_database.SetInParent()
        handle = type("Handle", (), {"store": mlmd.MetadataStore(connection)})()
        with cache_keys.without_paths({root: "<root>", data: "<data>"}):
            context = cache_utils.get_cache_context(
                metadata_handle=handle,
                pipeline_node=pipeline_pb2.PipelineNode(),
                pipeline_info=pipeline_pb2.PipelineInfo(id="birds"),
                input_artifacts={"examples": [artifact]},
                parameters={"options": json.dumps({"path": data, "seed": seed}), "keep": 2},
            )
        assert artifact.uri == f"{root}/artifacts/x/1"
        return str(context.name)

    original = cache_utils.get_cache_context
    one = key("/a/root", 1, "/data/é")
    assert one == key("/somewhere/else", 2, "/data/other")
    assert one != key("/a/root", 1, "/data/é", seed=2)
    assert cache_utils.get_cache_context is original
