"""What must hold of a root when a run has ended, whatever was killed before."""

from collections import Counter
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import tensorflow as tf
from ml_metadata.proto import metadata_store_pb2

from modules import features
from tests.faults.running import NODES

Execution, Artifact = metadata_store_pb2.Execution, metadata_store_pb2.Artifact
Event = metadata_store_pb2.Event
_SUCCESS = (Execution.COMPLETE, Execution.CACHED)
_OUTPUT = (Event.OUTPUT, Event.INTERNAL_OUTPUT)  # The latter is a Resolver's.


def opened(root: Path) -> Any:
    """A root's ML Metadata."""
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(root / "metadata.db")
    return mlmd.MetadataStore(config)


def check_metadata(root: Path, run_id: str) -> None:
    """As ``check_executions``, and each node of the last run has ended once."""
    check_executions(root)
    store = opened(root)
    run = store.get_context_by_type_and_name("pipeline_run", run_id)
    last = store.get_executions_by_context(run.id)
    assert all(one.last_known_state in _SUCCESS for one in last)
    assert len({one.type_id for one in last}) == len(last) == len(NODES)


def check_executions(root: Path) -> None:
    """Nothing runs, all that is live is there, and what has ended well has outputs."""
    store = opened(root)
    executions = {one.id: one for one in store.get_executions()}
    states = {one.last_known_state for one in executions.values()}
    assert states <= {*_SUCCESS, Execution.CANCELED, Execution.FAILED}
    for artifact in store.get_artifacts():
        assert artifact.state == Artifact.LIVE
        assert Path(artifact.uri).exists(), artifact.uri
    events = store.get_events_by_execution_ids(list(executions))
    result = Counter(one.execution_id for one in events if one.type in _OUTPUT)
    for number, execution in executions.items():
        assert bool(result[number]) == (execution.last_known_state in _SUCCESS)


def check_folders(root: Path, serving: Path) -> None:
    """No folder is left of an execution that did not end well, nor anything temporary."""
    complete = {
        one.id
        for one in opened(root).get_executions()
        if one.last_known_state == Execution.COMPLETE
    }
    for folder in root.glob("artifacts/*/*/*"):
        if folder.parent.name != ".system":
            assert int(folder.name) in complete, folder
    assert not list(root.glob("artifacts/*/.system/stateful_working_dir/*"))
    assert not list(root.glob("artifacts/*/.system/executor_execution/*/.temp"))
    assert not (root / "tmp").exists()
    assert not (root / "checkpoints").exists()
    assert not list(serving.glob(".*.partial")) + list(serving.glob(".*.removed"))


def examples_of(root: Path, run_id: str) -> list[bytes]:
    """The encoded images of the Examples that a run made, or took from the cache."""
    store = opened(root)
    run = store.get_context_by_type_and_name("pipeline_run", run_id)
    result = {
        event.artifact_id
        for event in store.get_events_by_execution_ids(
            [record.id for record in store.get_executions_by_context(run.id)]
        )
        if event.type == metadata_store_pb2.Event.OUTPUT and event.path.steps[0].key == "examples"
    }
    (examples,) = [
        record for record in store.get_artifacts_by_type("Examples") if record.id in result
    ]
    files = [str(path) for path in Path(examples.uri).glob("Split-*/images-*")]
    spec = {features.IMAGE_BYTES: tf.io.FixedLenFeature((), tf.string)}
    records = tf.data.TFRecordDataset(files, "GZIP" if files[0].endswith(".gz") else "")
    return [
        tf.io.parse_single_example(record, spec)[features.IMAGE_BYTES].numpy() for record in records
    ]
