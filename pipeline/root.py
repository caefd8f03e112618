"""The folder that a pipeline owns: what lies where in it, and whose it is."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from components.run_summary.summary import SUMMARY_FILE
from modules.errors import BusyError, InputError, StageError
from pipeline.full_disk import no_room

_OWNER = "owner.json"


@dataclass(frozen=True)
class Root:
    """Paths below a pipeline's folder."""

    path: Path

    @property
    def artifacts(self) -> Path:
        """What the components write."""
        return self.path / "artifacts"

    @property
    def metadata(self) -> Path:
        """ML Metadata's SQLite file."""
        return self.path / "metadata.db"

    @property
    def summary(self) -> Path:
        """The latest run's summary."""
        return self.path / SUMMARY_FILE

    @property
    def checkpoints(self) -> Path:
        """What an interrupted training goes on from."""
        return self.path / "checkpoints"

    @property
    def temporary(self) -> Path:
        """What a run needs no longer than it runs."""
        return self.path / "tmp"

    def run(self, run_id: str) -> Path:
        """A run's own folder, with its summary and log."""
        return self.path / "runs" / run_id

    def summary_of(self, run_id: str) -> Path:
        """A run's summary."""
        return self.run(run_id) / SUMMARY_FILE

    def claim(self, config: Path) -> None:
        """Makes the folder the config's own.

        Raises:
            InputError: when it belongs to another config, was moved, or cannot be written.
            StageError: when its disk is full.
        """
        owner = self.path / _OWNER
        names = {"config": str(config), "root": str(self.path.resolve())}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if not owner.is_file():
                unfinished = owner.with_suffix(f".{os.getpid()}")
                unfinished.write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")
                unfinished.replace(owner)
            found = json.loads(owner.read_text(encoding="utf-8"))
        except OSError as error:
            raise self._unwritable(error) from None
        except ValueError:
            raise InputError(
                f"root: {owner} is damaged; delete it if the folder is that of {config}, or name "
                "another with --root"
            ) from None
        if found["root"] != names["root"]:
            raise InputError(
                f"root: {self.path} was made as {found['root']}, and ML Metadata knows its files "
                "by that path; move it back, or name another with --root"
            )
        if found["config"] != names["config"]:
            raise InputError(
                f"root: {self.path} belongs to {found['config']}, and a root serves one config; "
                f"give {config} another with --root"
            )

    def begun(self, run_id: str) -> Path:
        """Makes a run's folder and returns it; raises as ``held``."""
        try:
            self.run(run_id).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        return self.run(run_id)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other runs out.

        Raises:
            BusyError: when one is under way.
            InputError: when the folder cannot be written.
            StageError: when its disk is full.
        """
        lock = FileLock(str(self.path / "run.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(
                f"root: another run holds {self.path}; wait until it has ended, or use another "
                "with --root"
            ) from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield
        finally:
            lock.release()

    def _unwritable(self, error: OSError) -> InputError | StageError:
        told = no_room(error, self.path)
        return (
            StageError(f"root: {told}")
            if told
            else InputError(
                f"root: {self.path} cannot be written ({error.strerror}); name another with --root"
            )
        )


def shown(path: Path | str) -> str:
    """A path for people: relative if it lies below the current folder."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def new_run_id() -> str:
    """The time in UTC, to the microsecond: sorts by time, and serves as a folder's name."""
    now = time.time()
    fraction = int(now % 1 * 1_000_000)
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}.{fraction:06d}"
