"""Runs all nodes in this process, one after the other, and shows how they go."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.image_example_gen.image_file import ImageFile
from components.records.summary import Summary
from modules.errors import BusyError, InputError, StageError
from modules.settings import Override, TrainerOptions
from modules.text import cause, without_secrets
from pipeline import collector, preflight
from pipeline.caching.provenance import versions
from pipeline.compiled import compile_pipeline, read_compiled
from pipeline.configuration import record
from pipeline.configuration.config import Config
from pipeline.display import Display, logged_to
from pipeline.interruption import Interruption, watched
from pipeline.node import run_node
from pipeline.reporting import planned, upgraded
from pipeline.state import executions, recovery
from pipeline.state.full_disk import no_room
from pipeline.state.node_records import peak_rss_mb, read_all, seconds_by_name
from pipeline.state.root import Root, new_run_id, shown

LOG_FILE = "tfx.log"


@dataclass(frozen=True)
class Run:
    """A run that has begun: it holds its root.

    Attributes:
        config: as loaded.
        run_id: names it.
        started: by ``time.monotonic``.
        display: what a person sees of it.
        signals: whether one has come.
        forced: who blesses this run's candidate whatever the gate's rules say.
        cold: whether the training starts from the pretrained backbone, whatever is served.
        seconds: of what comes before the first node, by name; filled in as the run goes on.
    """

    config: Config
    run_id: str
    started: float
    display: Display
    signals: Interruption
    forced: Override | None
    cold: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def root(self) -> Root:
        """Of the config."""
        return Root(self.config.root)

    @property
    def log(self) -> Path:
        """What the libraries say goes there."""
        return self.root.run(self.run_id) / LOG_FILE


def run(
    config: Config,
    *,
    summary_file: Path | None = None,
    verbose: bool = False,
    forced: Override | None = None,
    adopt: bool = False,
    cold: bool = False,
) -> Summary:
    """Runs the pipeline once and writes its summary, whatever becomes of it.

    Args:
        config: as loaded.
        summary_file: where the summary goes too, beside the root.
        verbose: shows TFX's log.
        forced: who blesses this run's candidate whatever the gate's rules say.
        adopt: takes over a root that belongs to a pipeline of another name.
        cold: starts the training from the pretrained backbone, whatever is served.

    Returns:
        The summary; its ``status`` is never ``failed``.

    Raises:
        InputError: when the configuration or the data is wrong.
        StageError: when a component failed, or a disk is full; the log holds the traceback.
        BusyError: when another run holds the root, or another push the serving folder.
        Interrupted: when a signal has ended it.
    """
    started = time.monotonic()
    if summary_file is not None and (summary_file.is_dir() or not summary_file.parent.is_dir()):
        wrong = "is a folder" if summary_file.is_dir() else "lies in no folder that exists"
        raise InputError(f"--summary: {summary_file} {wrong}; name a file in an existing folder")
    about_root = preflight.claim_root(config, adopt=adopt)
    root, run_id = Root(config.root), new_run_id()
    outputs = [root.summary, root.summary_of(run_id), *([summary_file] if summary_file else [])]
    with (
        watched() as signals,
        root.held(),
        logged_to(root.begun(run_id) / LOG_FILE, verbose=verbose) as visible,
        Display(visible) as display,
    ):
        this = Run(
            config=config,
            run_id=run_id,
            started=started,
            display=display,
            signals=signals,
            forced=forced,
            cold=cold,
        )
        display.say(f"run {run_id} of {shown(config.file)}; log: {shown(this.log)}")
        for line in filter(None, (about_root, upgraded(root))):
            display.say(line)
        return _summarized(this, outputs)


def _summarized(this: Run, outputs: Sequence[Path]) -> Summary:
    """Checks, runs the nodes, and writes the summary to all outputs, whatever happens."""
    config, root = this.config, this.root
    begun = record.of_run(config)
    summary = Summary(
        run_id=this.run_id,
        status="failed",
        error="interrupted",
        serving_dir=str(config.serving_dir),
        versions=versions(),
        run=begun,
    )
    try:
        record.write(begun, root.run(this.run_id))
        files = preflight.check_data(config, this.display.say, forced=this.forced is not None)
        this.display.say(planned(config.finetune))
        summary = _run_nodes(this, files)
    except (Exception, KeyboardInterrupt) as error:
        logging.getLogger("thaw").exception("the run ends")
        if this.signals.number:
            end = this.signals.ended(_goes_on(this.display.component))
            summary.error = str(end)
            raise end from None
        if isinstance(error, InputError):
            summary.error = str(error)
            raise
        stage = this.display.component or "the checks"
        summary.error = f"{stage} failed: {_reason(error, config)}"
        kind = BusyError if isinstance(error, BusyError) else StageError
        raise kind(f"{summary.error}; the traceback is in {shown(this.log)}") from error
    finally:
        summary.run = begun.model_copy(update={"ended_at": record.now()})
        path = without_secrets(config.data.path)
        summary.data = summary.data.model_copy(update={"path": path})
        seconds = seconds_by_name(read_all(root.node_records(this.run_id)))
        total = round(time.monotonic() - this.started, 2)
        summary.seconds = {**this.seconds, **seconds, "total": total}
        summary.peak_rss_mb = peak_rss_mb()
        _write(summary, outputs, config)
    return summary


def _goes_on(component: str) -> str:
    """What an interrupted run was doing, and how the next run continues."""
    training = ", and the training goes on after its last whole epoch"
    return (
        f" in {component or 'its first checks'}; run it again: what is finished is kept"
        f"{training if component == 'trainer' else ''}"
    )


def _reason(error: BaseException, config: Config) -> str:
    """A failure in one line; a stage's own line about a full disk is the better one."""
    if isinstance(error, StageError):
        return str(error)
    full_disk = no_room(error, config.root, config.serving_dir)
    return full_disk or f"{type(error).__name__}: {cause(error, 500)}"


def _write(summary: Summary, outputs: Sequence[Path], config: Config) -> None:
    """Writes the summary; where that fails too, the failure of the run itself counts more."""
    try:
        summary.write(*outputs)
    except OSError as error:
        logging.getLogger("thaw").exception("no summary")
        if summary.status != "failed":
            raise StageError(
                f"the run has ended ({summary.status}), but its summary cannot be written: "
                f"{_reason(error, config)}"
            ) from error


def _run_nodes(this: Run, files: Sequence[ImageFile]) -> Summary:
    """Prepares the pipeline and runs each of its nodes."""
    root, display = this.root, this.display
    display.start("prepare")
    preflight.check_metadata(this.config)
    with collector.paused():
        options = _options(this, files)
        connection = executions.connection_to(root)
        recovery.recover(root, connection)
        graph = compile_pipeline(this.config, options, this.forced, cold=this.cold)
        graph.write(root.compiled)
    compiled = read_compiled(root.compiled)
    this.seconds["prepare"] = round(display.finish("prepare"), 2)
    with recovery.temporary_files(root.temporary):
        for node in compiled.nodes:
            display.start(node.name)
            ended = run_node(compiled, node.id, run_id=this.run_id, connection=connection)
            this.signals.check()
            display.finish(node.name, cached=ended.state == "cached")
    return executions.summary_of(connection, this.run_id)


def _options(this: Run, files: Sequence[ImageFile]) -> TrainerOptions:
    """Loads the backbone; what Trainer gets."""
    # TensorFlow is imported here: not for --help, nor before the checks above.
    from pipeline.preparation import prepare_config, trainer_options

    prepared = prepare_config(this.config, files)
    for note in prepared.notes:
        this.display.say(note)
    return trainer_options(this.config, prepared)
