"""One node of a compiled pipeline runs, is found in the cache, and runs again after a kill."""

import os
import sys
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto.metadata_store_pb2 import Execution
from tfx.orchestration.portable import launcher
from tfx_bsl.coders import batch_util

from modules import plugins
from modules.errors import InputError
from pipeline.compiled import CompiledPipeline
from pipeline.node import run_node
from pipeline.state.executions import NodeRun, connection_to, of_node
from pipeline.state.node_records import NodeRecord, read_all, seconds_by_name
from pipeline.state.root import Root
from tests.pipeline.compiling import compiled_digits

NODE = "CuratedSchema"  # It needs no images.


@pytest.fixture
def compiled(tmp_path: Path) -> CompiledPipeline:
    return compiled_digits(tmp_path)


def run(compiled: CompiledPipeline, run_id: str, node: str = NODE) -> NodeRecord:
    connection = connection_to(Root(compiled.root))
    return run_node(compiled, node, run_id=run_id, connection=connection)


def records_of(compiled: CompiledPipeline, run_id: str) -> list[NodeRecord]:
    return read_all(Root(compiled.root).node_records(run_id))


def executions_of(compiled: CompiledPipeline, run_id: str) -> list[Any]:
    store = mlmd.MetadataStore(connection_to(Root(compiled.root)))
    return of_node(store, NodeRun(compiled.pipeline, run_id, NODE))


def test_a_second_run_takes_the_node_from_the_cache_and_both_runs_record_it(
    compiled: CompiledPipeline,
) -> None:
    first, second = run(compiled, "1"), run(compiled, "2")
    assert (first.state, second.state) == ("complete", "cached")
    assert records_of(compiled, "1") == [first]
    assert records_of(compiled, "2") == [second]
    assert (first.node, first.name, first.pid) == (NODE, "curated_schema", os.getpid())
    assert first.seconds is not None
    assert seconds_by_name([first]) == {"curated_schema": first.seconds}
    assert first.ended_at is not None
    assert first.started_at <= first.ended_at <= second.started_at
    assert first.peak_rss_mb is not None
    assert first.peak_rss_mb > 100
    assert batch_util.GetBatchElementsKwargs(None)["max_batch_size"] == 20 << 20


def test_a_node_finds_the_users_own_code_in_a_process_that_has_read_no_config(
    compiled: CompiledPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled.plugins is None
    (tmp_path / "thaw_in_a_node.py").write_text("value = 3\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THAW_PLUGINS", "")
    run(compiled.model_copy(update={"plugins": tmp_path}), "1")
    assert plugins.load("thaw_in_a_node:value", "finetune.head") == 3


def test_a_second_attempt_after_a_kill_completes_and_leaves_nothing_of_the_first(
    compiled: CompiledPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Ends an attempt as a kill does: TFX publishes nothing."""

    def kill(*arguments: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(launcher.Launcher, "_run_executor", kill)
        with pytest.raises(Killed):
            run(compiled, "1")
    (execution,) = executions_of(compiled, "1")
    assert execution.last_known_state == Execution.RUNNING
    (record,) = records_of(compiled, "1")
    assert record.state == "failed"
    artifacts = Root(compiled.root).artifacts
    half_written = artifacts / NODE / "schema" / str(execution.id) / "half written"
    half_written.parent.mkdir(parents=True)
    half_written.write_bytes(b"x")
    working = artifacts / NODE / ".system" / "stateful_working_dir"
    assert list(working.iterdir())

    assert run(compiled, "1").state == "complete"
    (execution,) = executions_of(compiled, "1")
    assert execution.last_known_state == Execution.COMPLETE
    assert not half_written.exists()
    assert not list(working.iterdir())
    assert [record.state for record in records_of(compiled, "1")] == ["complete"]
    store = mlmd.MetadataStore(connection_to(Root(compiled.root)))
    (schema,) = store.get_artifacts_by_type("Schema")
    assert Path(schema.uri, "schema.pbtxt").is_file()


def test_a_node_without_its_inputs_fails_and_is_recorded_as_failed(
    compiled: CompiledPipeline,
) -> None:
    with pytest.raises(RuntimeError, match="its inputs are missing, so TFX did not run it"):
        run(compiled, "1", "ExampleValidator")
    (record,) = records_of(compiled, "1")
    assert (record.node, record.state) == ("ExampleValidator", "failed")
    assert record.seconds is not None


def test_an_unknown_node_is_refused_before_anything_is_written(compiled: CompiledPipeline) -> None:
    with pytest.raises(InputError, match="no such node"):
        run(compiled, "1", "Train")
    assert not list(compiled.root.iterdir())


def test_records_that_are_damaged_or_still_running_count_no_seconds(
    compiled: CompiledPipeline,
) -> None:
    ended = run(compiled, "1")
    folder = Root(compiled.root).node_records("1")
    running = ended.model_copy(
        update={"node": "Trainer", "name": "trainer", "state": "running", "seconds": None}
    )
    running.write(folder)
    (folder / "Pusher.json").write_text("{", encoding="utf-8")
    assert seconds_by_name(read_all(folder)) == {"curated_schema": ended.seconds}


def test_a_pipeline_that_was_compiled_with_other_packages_is_refused(
    compiled: CompiledPipeline,
) -> None:
    older = {**compiled.versions, "tensorflow": "2.0.0"}
    with pytest.raises(InputError) as error:
        run(compiled.model_copy(update={"versions": older}), "1")
    assert str(error.value) == (
        "NODE: digits was compiled with other packages than this process has (tensorflow 2.0.0 → "
        f"{compiled.versions['tensorflow']}); compile the pipeline again, here"
    )
    assert records_of(compiled, "1") == []
