"""Runs one node of a compiled pipeline in this process, whoever schedules it."""

import shutil
from typing import Any

from modules import plugins
from modules.errors import InputError
from pipeline.caching.cache_keys import without_paths
from pipeline.caching.provenance import versions
from pipeline.compiled import CompiledPipeline
from pipeline.configuration import record
from pipeline.state import executions, recovery
from pipeline.state.node_records import NodeRecord, Recorder
from pipeline.state.root import Root

_TRAINER = "Trainer"


def run_node(
    compiled: CompiledPipeline, node_id: str, *, run_id: str, connection: Any
) -> NodeRecord:
    """Runs a node, or takes its work from the cache, and records this in the run's folder.

    First clears what a killed attempt at this node of this run has left. The caller makes sure that
    the upstream nodes have ended, that no other process runs the same node at the same time, and
    where temporary files go (``recovery.temporary_files``).

    Args:
        compiled: the pipeline.
        node_id: such as ``ImageExampleGen``.
        run_id: names the run: all its nodes have the same.
        connection: ML Metadata's configuration of a connection.

    Returns:
        The record; its ``state`` is ``complete`` or ``cached``.

    Raises:
        InputError: when the pipeline has no such node, or was compiled with other packages, whose
            versions its cache keys name.
        RuntimeError: when the node's inputs are missing.
        Exception: whatever the node itself raises.
    """
    from modules.beam_batches import cap_batches

    node = compiled.node(node_id)
    if compiled.versions != versions():
        raise InputError(
            f"NODE: {compiled.pipeline} was compiled with other packages than this process has "
            f"({record.changes(compiled.versions, versions())}); compile the pipeline again, here"
        )
    if compiled.plugins is not None:
        # What preparing has imported in this process stays: it is what the fingerprints stand for.
        plugins.search_in(compiled.plugins, anew=False)
    root = Root(compiled.root)
    run = executions.NodeRun(compiled.pipeline, run_id, node_id)
    recorder = Recorder(root.node_records(run_id), node.id, node.name)
    try:
        recovery.recover_node(root, connection, run)
        cap_batches()
        with without_paths(compiled.places):
            _launcher(compiled, run, connection).launch()
        state = executions.success_of(connection, run)
        if state is None:
            raise RuntimeError("its inputs are missing, so TFX did not run it")
    except BaseException:
        recorder.fail()
        raise
    if node_id == _TRAINER:
        # The model is published, so no training continues from them.
        shutil.rmtree(root.checkpoints, ignore_errors=True)
    return recorder.end(state)


def _launcher(compiled: CompiledPipeline, run: executions.NodeRun, connection: Any) -> Any:
    """TFX's launcher of the node, which runs driver, executor and publisher."""
    from tfx.dsl.compiler import constants
    from tfx.orchestration import metadata
    from tfx.orchestration.portable import launcher, runtime_parameter_utils
    from tfx.proto.orchestration import pipeline_pb2

    graph = compiled.parsed_graph()
    runtime_parameter_utils.substitute_runtime_parameter(
        graph, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run.run_id}
    )
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    graph.deployment_config.Unpack(deployment)
    (node,) = (
        node.pipeline_node for node in graph.nodes if node.pipeline_node.node_info.id == run.node_id
    )
    return launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=graph.pipeline_info,
        pipeline_runtime_spec=graph.runtime_spec,
        executor_spec=_unpacked(deployment.executor_specs, run.node_id),
        custom_driver_spec=_unpacked(deployment.custom_driver_specs, run.node_id),
    )


def _unpacked(specs: Any, node_id: str) -> Any:
    """What a node executes, or None where it has no such part."""
    from tfx.proto.orchestration import executable_spec_pb2

    if node_id not in specs:
        return None
    for kind in (
        executable_spec_pb2.PythonClassExecutableSpec,
        executable_spec_pb2.BeamExecutableSpec,
    ):
        spec = kind()
        if specs[node_id].Unpack(spec):
            return spec
    raise ValueError(f"{node_id} executes {specs[node_id].type_url}, which is not run here")
