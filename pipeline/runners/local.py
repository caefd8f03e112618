"""Runs all nodes in this process, one after the other, and shows how they go."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from components.records.summary import Summary
from modules.errors import InputError, StageError
from modules.settings import Override, TrainerOptions
from modules.text import without_secrets
from pipeline import collector, preflight
from pipeline.caching.provenance import versions
from pipeline.compiled import CompiledPipeline, compile_pipeline, read_compiled
from pipeline.configuration import record
from pipeline.configuration.config import Config
from pipeline.data_size import DataSize, data_size
from pipeline.domains import establish
from pipeline.node import run_node
from pipeline.reporting import planned
from pipeline.runners.begin import Run, begun, failures_in_words, held, reason
from pipeline.state import executions, recovery
from pipeline.state.node_records import peak_rss_mb, read_all, seconds_by_name


def run(
    config: Config,
    *,
    summary_file: Path | None = None,
    verbose: bool = False,
    forced: Override | None = None,
    adopt: bool = False,
    cold: bool = False,
    ingest: Callable[[Run], DataSize] | None = None,
) -> Summary:
    """Runs the pipeline once and writes its summary, whatever becomes of it.

    Args:
        config: as loaded.
        summary_file: where the summary goes too, beside the root.
        verbose: shows TFX's log.
        forced: who blesses this run's candidate whatever the gate's rules say.
        adopt: takes over a root that belongs to a pipeline of another name.
        cold: starts the training from the pretrained backbone, whatever is served.
        ingest: as for ``complete``.

    Returns:
        The summary; its ``status`` is never ``failed``.

    Raises:
        InputError: when the configuration or the data is wrong.
        StageError: when a component failed, or a disk is full; the log holds the traceback.
        BusyError: when another run holds the root, or another push the serving folder.
        Interrupted: when a signal has ended it.
    """
    check_summary_file(summary_file)
    with (
        held(config, adopt=adopt) as about_root,
        begun(config, about_root, verbose=verbose, forced=forced, cold=cold) as run,
    ):
        return complete(run, summary_file, ingest)


def check_summary_file(path: Path | None) -> None:
    """Raises ``InputError`` when no file can be written there."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        wrong = "is a folder" if path.is_dir() else "lies in no folder that exists"
        raise InputError(f"--summary: {path} {wrong}; name a file in an existing folder")


def complete(
    run: Run,
    summary_file: Path | None = None,
    ingest: Callable[[Run], DataSize] | None = None,
) -> Summary:
    """Checks, runs the nodes, and writes the summary to all places, whatever happens.

    Args:
        run: as ``begun``.
        summary_file: where the summary goes too, beside the root.
        ingest: has the data ready, and says how much there is; if None, the images are listed, and
            the graph's first nodes ingest them.

    Raises:
        Exception: as ``run``.
    """
    config, root = run.config, run.root
    outputs = [
        root.summary,
        root.summary_of(run.run_id),
        *([summary_file] if summary_file else []),
    ]
    begun_record = record.of_run(config)
    summary = Summary(
        run_id=run.run_id,
        status="failed",
        error="interrupted",
        serving_dir=str(config.serving_dir),
        versions=versions(),
        run=begun_record,
    )
    try:
        with failures_in_words(run):
            record.write(begun_record, root.run(run.run_id))
            preflight.check_golden(config, run.display.say)
            size = (ingest or _listed)(run)
            run.display.say(planned(config.finetune))
            summary = _run_nodes(run, size)
    except (Exception, KeyboardInterrupt) as error:
        summary.error = str(error)
        raise
    finally:
        summary.run = begun_record.model_copy(update={"ended_at": record.now()})
        path = without_secrets(config.data.path)
        summary.data = summary.data.model_copy(update={"path": path})
        seconds = seconds_by_name(read_all(root.node_records(run.run_id)))
        total = round(time.monotonic() - run.started, 2)
        summary.seconds = {**run.seconds, **seconds, "total": total}
        summary.peak_rss_mb = peak_rss_mb()
        _write(summary, outputs, config)
    return summary


def _listed(run: Run) -> DataSize:
    """Lists the images, and refuses those that cannot be trained on."""
    files = preflight.check_data(run.config, run.display.say, forced=run.forced is not None)
    return data_size(files, run.config.data.splits.shares())


def _write(summary: Summary, outputs: Sequence[Path], config: Config) -> None:
    """Writes the summary; where that fails too, the failure of the run itself counts more."""
    try:
        summary.write(*outputs)
    except OSError as error:
        logging.getLogger("thaw").exception("no summary")
        if summary.status != "failed":
            raise StageError(
                f"the run has ended ({summary.status}), but its summary cannot be written: "
                f"{reason(error, config)}"
            ) from error


def _run_nodes(run: Run, size: DataSize) -> Summary:
    """Prepares the pipeline and runs each of its nodes."""
    root, display = run.root, run.display
    display.start("prepare")
    connection = connected(run)
    with collector.paused():
        options = _options(run, size)
        graph = compile_pipeline(run.config, options, run.forced, cold=run.cold)
        graph.write(root.compiled)
    run.seconds["prepare"] = round(display.finish("prepare"), 2)
    run_graph(run, read_compiled(root.compiled), run.run_id, connection)
    establish(run.config)
    return executions.summary_of(connection, run.run_id)


def connected(run: Run) -> Any:
    """Checks ML Metadata and clears what a killed run has left; returns the connection to it."""
    preflight.check_metadata(run.config)
    with collector.paused():
        connection = executions.connection_to(run.root)
        recovery.recover(run.root, connection)
    return connection


def run_graph(
    run: Run, compiled: CompiledPipeline, run_id: str, connection: Any, about: str = ""
) -> None:
    """Runs each node of a graph.

    Args:
        run: the run.
        compiled: the graph.
        run_id: names its executions.
        connection: ML Metadata's configuration of a connection.
        about: stands before the names of its nodes in the display.
    """
    with recovery.temporary_files(run.root.temporary):
        for node in compiled.nodes:
            name = about + node.name
            run.display.start(name)
            ended = run_node(compiled, node.id, run_id=run_id, connection=connection)
            run.signals.check()
            run.display.finish(name, cached=ended.state == "cached")


def _options(run: Run, size: DataSize) -> TrainerOptions:
    """Loads the backbone; what Trainer gets."""
    # TensorFlow is imported here: not for --help, nor before the checks above.
    from pipeline.preparation import prepare_config, trainer_options

    prepared = prepare_config(run.config, size)
    for note in prepared.notes:
        run.display.say(note)
    return trainer_options(run.config, prepared)
