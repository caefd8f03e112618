"""Reads a run's executions from ML Metadata."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from components.records.summary import SUMMARY_FILE, Summary, read_summary
from pipeline.state.root import Root


@dataclass(frozen=True)
class NodeRun:
    """One node of one run of a pipeline.

    Attributes:
        pipeline: the pipeline's name.
        run_id: names the run.
        node_id: such as ``ImageExampleGen``.
    """

    pipeline: str
    run_id: str
    node_id: str


def connection_to(root: Root) -> Any:
    """Returns ML Metadata's configuration of a connection to the root's own file."""
    from tfx.orchestration import metadata

    return metadata.sqlite_metadata_connection_config(str(root.metadata))


def of_run(store: Any, run_id: str) -> list[Any]:
    """Returns the executions of a run.

    Args:
        store: an ``ml_metadata.MetadataStore``.
        run_id: names the run.
    """
    return _in_context(store, "pipeline_run", run_id)


def of_node(store: Any, run: NodeRun) -> list[Any]:
    """Returns the executions of one node of a run."""
    of_all_runs = _in_context(store, "node", f"{run.pipeline}.{run.node_id}")
    ids = {execution.id for execution in of_all_runs}
    return [execution for execution in of_run(store, run.run_id) if execution.id in ids]


def _in_context(store: Any, type_name: str, name: str) -> list[Any]:
    context = store.get_context_by_type_and_name(type_name, name)
    return list(store.get_executions_by_context(context.id)) if context else []


def success_of(connection: Any, run: NodeRun) -> Literal["complete", "cached"] | None:
    """Says whether a node of a run has succeeded.

    Returns:
        ``complete``; ``cached``, when nothing had changed that the node depends on, so it was not
        run again; None when it failed, or TFX did not run it.
    """
    import ml_metadata as mlmd
    from ml_metadata.proto.metadata_store_pb2 import Execution

    states = {
        execution.last_known_state for execution in of_node(mlmd.MetadataStore(connection), run)
    }
    if Execution.CACHED in states:
        return "cached"
    return "complete" if Execution.COMPLETE in states else None


def outputs_of(connection: Any, run: NodeRun) -> dict[str, list[Any]]:
    """ML Metadata's artifacts that a node of a run has given, itself or from the cache, by key."""
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    store = mlmd.MetadataStore(connection)
    events = store.get_events_by_execution_ids([each.id for each in of_node(store, run)])
    outputs: dict[str, list[Any]] = {}
    for event in events:
        if event.type == metadata_store_pb2.Event.OUTPUT:
            (artifact,) = store.get_artifacts_by_id([event.artifact_id])
            outputs.setdefault(event.path.steps[0].key, []).append(artifact)
    return outputs


def summary_of(connection: Any, run_id: str) -> Summary:
    """Reads the summary of a run's last node, from an earlier run if that node was cached.

    Raises:
        RuntimeError: when there is none.
    """
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    from components.artifacts import RunSummary

    store = mlmd.MetadataStore(connection)
    executions = [execution.id for execution in of_run(store, run_id)]
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
        raise RuntimeError(f"the run {run_id} has written no summary")
    if summary.run_id != run_id:
        # Every node was taken from the cache: the summary is that of an earlier run.
        summary.run_id = run_id
        if summary.status == "pushed":
            summary.status = "unchanged"
    return summary
