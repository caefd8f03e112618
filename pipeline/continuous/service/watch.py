"""``thaw retrain CONFIG --watch``: puts the loop, its child, the log and the server together."""

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from modules.errors import InputError
from modules.settings.retrain import as_seconds
from pipeline import preflight
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.service import log, loop, root_files, web
from pipeline.continuous.service.child import Child, command
from pipeline.continuous.service.stopping import Stop
from pipeline.continuous.service.systemd import Notifier
from pipeline.continuous.service.tally import Tally
from pipeline.continuous.spans.scan import AS_BEFORE, window_of
from pipeline.state.root import Root, shown

_ERROR = "thaw: "  # begins the line that says why a command has failed


@dataclass(frozen=True)
class Request:
    """What to watch, and how.

    Attributes:
        file: the config's.
        every: the length of a period, in seconds.
        overrides: as for ``loading.load``.
        root: replaces the config's.
        http: where to answer, as ``web.address_of`` reads it; nowhere if None.
        form: of the log.
        command: runs ``thaw retrain`` once; made of the others if empty.
    """

    file: Path
    every: float
    overrides: tuple[str, ...] = ()
    root: Path | None = None
    http: str | None = None
    form: log.Form = "text"
    command: Sequence[str] = field(default=())

    def load(self) -> Config:
        """Reads the config.

        Raises:
            InputError: when it is wrong, or cannot be watched.
        """
        config = loading.load(self.file, self.overrides, self.root)
        window_of(config)
        return config

    def command_for(self, config: Config) -> list[str]:
        """The command of one poll."""
        if self.command:
            return list(self.command)
        sets = [part for override in self.overrides for part in ("--set", override)]
        return command(["retrain", str(config.file), "--root", str(config.root), *sets])


def seconds_of(every: str) -> float:
    """The seconds of ``--every``.

    Raises:
        InputError: when it is no period.
    """
    try:
        return float(str(as_seconds(every)))
    except ValueError as error:
        raise InputError(f"--every: {error}") from None


def watch(request: Request) -> int:
    """Polls once a period until a signal comes; returns the service's exit status.

    The config is read anew in each period.

    Raises:
        InputError: before the first period, when the config, the root or the address is wrong.
        BusyError: when another service runs for the root.
        StageError: when the root's disk is full.
    """
    config = request.load()
    address = None if request.http is None else web.address_of(request.http)
    about_root = preflight.claim_root(config)
    root, notifier, tally = Root(config.root), Notifier(), Tally(request.every)
    with ExitStack() as stack:
        stack.enter_context(root.watched())
        where = ""
        if address is not None:
            where = f"; {_serve(address, config, tally, stack)}"
        stack.enter_context(log.logged(request.form))
        stop = stack.enter_context(Stop(notifier))
        stack.callback(notifier.stopping)
        begins = f"looks for new spans every {request.every:.0f} s; root: {shown(root.path)}{where}"
        log.write("began", begins, config=str(config.file), root=str(root.path))
        if about_root:
            log.write("root", about_root)
        notifier.ready()
        poller = Poller(root, tally, stop, notifier)
        actions = loop.Actions(
            failures_allowed=lambda: _reloaded(request, root).retrain.max_failures,
            poll=lambda: poller.run(request.command_for(config)),
            is_stopped=lambda: stop.count > 0,
            wait=stop.wait,
            status=notifier.status,
        )
        return loop.watch(actions, tally)


def _serve(address: web.Address, config: Config, tally: Tally, stack: ExitStack) -> str:
    """Starts the server; says where it answers."""
    from pipeline.continuous.service import monitor

    collector = monitor.RootCollector(Root(config.root), config.serving_dir, tally)
    app = web.application(collector, tally.health)
    listens_at = stack.enter_context(web.serving(address, app))
    return f"http://{listens_at}/healthz and /metrics answer"


def _reloaded(request: Request, root: Root) -> Config:
    """The config as it is now.

    Raises:
        InputError: when it has become wrong, or asks for another root.
    """
    config = request.load()
    if config.root != root.path:
        raise InputError(
            f"root: is {config.root} in {config.file} now, and was {root.path} when the service "
            "began; start it again"
        )
    return config


class Poller:
    """Runs ``thaw retrain`` once a call, and passes on what it prints.

    Why the data is invalid is passed on once, and not with each poll of the same data.
    """

    def __init__(self, root: Root, tally: Tally, stop: Stop, notifier: Notifier) -> None:
        self._root = root
        self._tally = tally
        self._stop = stop
        self._notifier = notifier
        self._reasons: frozenset[str] = frozenset()  # of the poll before
        self._errors: set[str] = set()  # of this poll

    def run(self, command: Sequence[str]) -> loop.Poll:
        """Runs the command, and reads the decision and the summary that it has left."""
        before = root_files.state_of(self._root.decisions)
        self._notifier.status("polls for new data")
        self._errors = set()
        began = time.monotonic()
        status = self._ended(command)
        repeats = status == loop.WRONG_INPUT and self._errors <= self._reasons
        self._reasons = frozenset(self._errors if status == loop.WRONG_INPUT else ())
        has_decided = root_files.state_of(self._root.decisions) != before
        decision = root_files.decision_of(self._root) if has_decided else None
        run_id = decision.run_id or "" if decision else ""
        return loop.Poll(
            status=status,
            decided=has_decided,
            answer=decision.answer if decision else "",
            run_status=_run_status(status, self._root, run_id),
            seconds=time.monotonic() - began,
            run_id=run_id,
            repeats=repeats,
        )

    def _ended(self, command: Sequence[str]) -> int:
        """The exit status of a command."""
        self._tally.run_begins()
        try:
            status = Child(command, self._pass_on).follow(self._stop, self._notifier)
        except OSError as error:  # The system has no room for another process.
            log.write("output", f"no process could be started ({error.strerror})", logging.ERROR)
            status = loop.FAILED
        finally:
            self._tally.run_ends()
        if self._stop.count:
            log.write("run_stopped", "the run was stopped; the next start goes on with it")
        return status

    def _pass_on(self, line: str) -> None:
        if not line.startswith(_ERROR):
            log.write("output", line)
            return
        error = line.removeprefix(_ERROR).replace(AS_BEFORE, ": ")
        self._errors.add(error)
        if error not in self._reasons:
            # That a signal has ended the run is no error of a service that was told to stop.
            log.write("output", error, logging.INFO if self._stop.count else logging.ERROR)


def _run_status(status: int, root: Root, run_id: str) -> str:
    """One of ``tally.RUN_STATUSES``; empty where nothing was run."""
    words = {loop.REFUSED: "rejected", loop.WRONG_INPUT: "wrong_input", loop.BUSY: "busy"}
    if status != loop.OK:
        return words.get(status, "failed")
    if not run_id:
        return ""
    return str(root_files.object_in(root.summary_of(run_id)).get("status") or "")
