"""How a run begins, and what a person sees when it fails."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from modules.errors import BusyError, InputError, StageError
from modules.settings import Override
from modules.text import cause
from pipeline import preflight
from pipeline.configuration.config import Config
from pipeline.display import Display, logged_to
from pipeline.domains import establish
from pipeline.interruption import Interruption, watched
from pipeline.reporting import upgraded
from pipeline.state.full_disk import no_room
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


@contextmanager
def held(config: Config, *, adopt: bool = False) -> Iterator[str]:
    """Claims the root and keeps other runs out.

    Args:
        config: as loaded.
        adopt: takes over a root that belongs to a pipeline of another name.

    Yields:
        A line about the root that the user should see; empty for none.

    Raises:
        InputError: as ``preflight.claim_root``.
        BusyError: when another run holds the root.
    """
    about_root = preflight.claim_root(config, adopt=adopt)
    with watched(), Root(config.root).held():
        establish(config)
        yield about_root


@contextmanager
def begun(
    config: Config,
    about_root: str = "",
    *,
    verbose: bool = False,
    forced: Override | None = None,
    cold: bool = False,
) -> Iterator[Run]:
    """Begins a run on a root that is ``held``: opens its log and its display.

    Args:
        config: as loaded.
        about_root: what ``held`` yields.
        verbose: shows TFX's log.
        forced: who blesses this run's candidate whatever the gate's rules say.
        cold: starts the training from the pretrained backbone, whatever is served.
    """
    started = time.monotonic()
    root, run_id = Root(config.root), new_run_id()
    with (
        watched() as signals,
        logged_to(root.begun(run_id) / LOG_FILE, verbose=verbose) as visible,
        Display(visible) as display,
    ):
        run = Run(
            config=config,
            run_id=run_id,
            started=started,
            display=display,
            signals=signals,
            forced=forced,
            cold=cold,
        )
        display.say(f"run {run_id} of {shown(config.file)}; log: {shown(run.log)}")
        for line in filter(None, (about_root, upgraded(root))):
            display.say(line)
        yield run


@contextmanager
def failures_in_words(run: Run) -> Iterator[None]:
    """Logs what goes wrong within it, and raises it as a line for people.

    Raises:
        InputError, StageError, BusyError, Interrupted: as ``run``.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        logging.getLogger("thaw").exception("the run ends")
        if run.signals.number:
            raise run.signals.ended(_goes_on(run.display.component)) from None
        if isinstance(error, InputError):
            raise
        stage = run.display.component or "the checks"
        kind = BusyError if isinstance(error, BusyError) else StageError
        raise kind(
            f"{stage} failed: {reason(error, run.config)}; the traceback is in {shown(run.log)}"
        ) from error


def _goes_on(component: str) -> str:
    """What an interrupted run was doing, and how the next run continues."""
    training = ", and the training goes on after its last whole epoch"
    return (
        f" in {component or 'its first checks'}; run it again: what is finished is kept"
        f"{training if component == 'trainer' else ''}"
    )


def reason(error: BaseException, config: Config) -> str:
    """A failure in one line; a stage's own line about a full disk is the better one."""
    if isinstance(error, StageError):
        return str(error)
    full_disk = no_room(error, config.root, config.serving_dir)
    return full_disk or f"{type(error).__name__}: {cause(error, 500)}"
