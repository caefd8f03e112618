"""Runs the graph on this machine, node by node, with TFX's LocalDagRunner."""

import logging
import resource
import shutil
import sys
import time
from pathlib import Path

from components.records.summary import Summary
from modules.errors import BusyError, InputError, StageError
from modules.settings import Override, check_class_weights, check_one_process
from modules.text import cause, without_secrets
from pipeline import handles, record, recovery
from pipeline.cache_keys import without_places
from pipeline.config import Config
from pipeline.executions import is_cached, summary_of
from pipeline.full_disk import no_room
from pipeline.interruption import Interruption, watched
from pipeline.owner import claim
from pipeline.preflight import names_checked
from pipeline.provenance import versions
from pipeline.reporting import upgraded
from pipeline.root import Root, new_run_id, shown
from pipeline.runners.display import Display, logged_to
from pipeline.tfx_setup import compiled, places_of, short_name

LOG_FILE = "tfx.log"


def run(
    config: Config,
    *,
    summary_file: Path | None = None,
    verbose: bool = False,
    forced: Override | None = None,
    adopt: bool = False,
) -> Summary:
    """Runs the pipeline once and writes its summary, whatever becomes of it.

    Args:
        config: as loaded.
        summary_file: where the summary goes too, beside the root.
        verbose: shows TFX's log.
        forced: who blesses this run's candidate whatever the gate's rules say.
        adopt: takes over a root that belongs to a pipeline of another name.

    Returns:
        The summary; its ``status`` is never ``failed``.

    Raises:
        InputError: when the configuration or the data is wrong.
        StageError: when a component failed, or a disk is full; the log holds the traceback.
        BusyError: when another run holds the root, or another push the serving folder.
        Interrupted: when a signal has ended it.
    """
    started = time.monotonic()
    check_one_process(config.finetune.distribution)
    check_docker(config)
    handles.check(config.backbone.handle, config.backbone.allowed or ())
    root = Root(config.root)
    if summary_file is not None and (summary_file.is_dir() or not summary_file.parent.is_dir()):
        raise InputError(f"--summary: {summary_file} cannot be a file; name one in a folder")
    about_owner = claim(root, config, adopt=adopt)
    run_id = new_run_id()
    log = root.run(run_id) / LOG_FILE
    outputs = [root.summary, root.summary_of(run_id), *([summary_file] if summary_file else [])]
    seconds: dict[str, float] = {}
    begun = record.of_run(config)
    summary = Summary(
        run_id=run_id,
        status="failed",
        error="interrupted",
        serving_dir=str(config.serving_dir),
        versions=versions(),
        run=begun,
    )
    with (
        watched() as signals,
        root.held(),
        logged_to(root.begun(run_id) / LOG_FILE, verbose=verbose) as visible,
        Display(visible) as display,
    ):
        display.say(f"run {run_id} of {shown(config.file)}; log: {shown(log)}")
        for line in filter(None, (about_owner, upgraded(root))):
            display.say(line)
        try:
            record.write(begun, root.run(run_id))
            # Told before the seconds that the imports take.
            files = names_checked(config, display.say, forced=forced is not None)
            check_class_weights(config.finetune, {file.label for file in files if not file.problem})
            summary = _run_nodes(config, root, run_id, display, seconds, forced, signals)
        except (Exception, KeyboardInterrupt) as error:
            logging.getLogger("thaw").exception("the run ends")
            if signals.number:
                end = signals.ended(_goes_on(display.component))
                summary.error = str(end)
                raise end from None
            if isinstance(error, InputError):
                summary.error = str(error)
                raise
            summary.error = f"{display.component} failed: {_reason(error, config)}"
            kind = BusyError if isinstance(error, BusyError) else StageError
            raise kind(f"{summary.error}; the traceback is in {shown(log)}") from error
        finally:
            summary.run = begun.model_copy(update={"ended_at": record.now()})
            path = without_secrets(config.data.path)
            summary.data = summary.data.model_copy(update={"path": path})
            total = round(time.monotonic() - started, 2)
            summary.seconds = {**seconds, "total": total}
            summary.peak_rss_mb = peak_rss_mb()
            _write(summary, outputs, config)
    return summary


def _goes_on(component: str) -> str:
    """What an interrupted run was doing, and how the next one goes on."""
    training = ", and the training goes on after its last whole epoch"
    return (
        f" in {component or 'its first checks'}; run it again: what is finished is kept"
        f"{training if component == 'trainer' else ''}"
    )


def _reason(error: BaseException, config: Config) -> str:
    """A failure in one line. What a stage itself says of a full disk is said better there."""
    if isinstance(error, StageError):
        return str(error)
    told = no_room(error, config.root, config.serving_dir)
    return told or f"{type(error).__name__}: {cause(error, 500)}"


def _write(summary: Summary, outputs: list[Path], config: Config) -> None:
    """Writes the summary; where it cannot, what a run failed of counts more."""
    try:
        summary.write(*outputs)
    except OSError as error:
        logging.getLogger("thaw").exception("no summary")
        if summary.status != "failed":
            raise StageError(
                f"the run has ended ({summary.status}), but its summary cannot be written: "
                f"{_reason(error, config)}"
            ) from error


def _run_nodes(
    config: Config,
    root: Root,
    run_id: str,
    display: Display,
    seconds: dict[str, float],
    forced: Override | None,
    signals: Interruption,
) -> Summary:
    """Builds the graph and runs each node; fills ``seconds`` as it goes."""
    display.start("prepare")
    recovery.check_metadata(root)
    # TensorFlow and TFX are imported here: not for --help, nor before the checks above.
    from tfx.orchestration import metadata
    from tfx.orchestration.local import local_dag_runner

    from modules.beam_batches import cap_batches
    from pipeline.graph import create_pipeline
    from pipeline.preparation import prepare_config, trainer_options

    cap_batches()
    prepared = prepare_config(config)
    for note in prepared.notes:
        display.say(note)
    connection = metadata.sqlite_metadata_connection_config(str(root.metadata))
    recovery.recover(root, connection)
    graph = create_pipeline(
        config,
        trainer_options(config, prepared),
        pipeline_root=str(root.artifacts),
        metadata_connection_config=connection,
        forced=forced,
        records=str(root.run(run_id).parent),
    )
    ir = compiled(graph, run_id)
    seconds["prepare"] = round(display.finish("prepare"), 2)
    runner = local_dag_runner.LocalDagRunner()
    with recovery.temporary_files(root), without_places(places_of(config)):
        for node in ir.nodes:
            name = short_name(node.pipeline_node.node_info.id)
            one = type(ir)()
            one.CopyFrom(ir)
            del one.nodes[:]
            one.nodes.append(node)
            display.start(name)
            runner.run_with_ir(one)
            signals.check()
            cached = is_cached(connection, config.name, run_id, node.pipeline_node.node_info.id)
            seconds[name] = round(display.finish(name, cached=cached), 2)
            if name == "trainer":
                # The model is published: nothing will go on from them.
                shutil.rmtree(root.checkpoints, ignore_errors=True)
    return summary_of(connection, run_id)


def check_docker(config: Config) -> None:
    """Refuses ``infra.validator: docker`` where there is no Docker.

    Raises:
        InputError: with what lacks.
    """
    if config.infra.validator != "docker":
        return
    from components.infra_check.docker import docker_problem

    problem = docker_problem()
    if problem:
        raise InputError(problem)


def peak_rss_mb() -> float:
    """The most memory that this process, or one that it started, has held so far, in MB (2**20)."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return round(most * unit / (1 << 20), 1)
