"""What ML Metadata says of a run's executions."""

from pathlib import Path
from typing import Any

from components.records.summary import SUMMARY_FILE, Summary, read_summary


def _executions(store: Any, run_id: str) -> list[Any]:
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    return list(store.get_executions_by_context(context.id)) if context else []


def is_cached(connection: Any, pipeline: str, run_id: str, node_id: str) -> bool:
    """Whether a node of this run was not run because nothing that it depends on had changed."""
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    store = mlmd.MetadataStore(connection)
    context = store.get_context_by_type_and_name("node", f"{pipeline}.{node_id}")
    of_node = {e.id for e in store.get_executions_by_context(context.id)} if context else set()
    return any(
        execution.last_known_state == metadata_store_pb2.Execution.CACHED
        for execution in _executions(store, run_id)
        if execution.id in of_node
    )


def summary_of(connection: Any, run_id: str) -> Summary:
    """The summary that this run's last node wrote, or had written in an earlier run."""
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    from components.artifacts import RunSummary

    store = mlmd.MetadataStore(connection)
    executions = [execution.id for execution in _executions(store, run_id)]
    written = {
        event.artifact_id
        for event in store.get_events_by_execution_ids(executions)
        if event.type == metadata_store_pb2.Event.OUTPUT
    }
    folders = [
        artifact.uri
        for artifact in store.get_artifacts_by_type(RunSummary.TYPE_NAME)
        if artifact.id in written
    ]
    summary = read_summary(Path(folders[-1]) / SUMMARY_FILE) if folders else None
    if summary is None:
        raise RuntimeError("a node was left out for want of inputs, and no summary was written")
    if summary.run_id != run_id:
        # Every node was taken from the cache: the summary is that of an earlier run.
        summary.run_id = run_id
        if summary.status == "pushed":
            summary.status = "unchanged"
    return summary
