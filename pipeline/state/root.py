"""The folder that a pipeline owns (``owner``), and where its files lie."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from components.records.summary import SUMMARY_FILE
from modules.errors import BusyError, InputError, StageError
from pipeline.state.full_disk import no_room


@dataclass(frozen=True)
class Root:
    """Paths below a pipeline's folder."""

    path: Path

    @property
    def artifacts(self) -> Path:
        """The outputs of the nodes."""
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
    def listing(self) -> Path:
        """What the latest run has listed and read of the images."""
        return self.path / "listing.jsonl"

    def listing_of(self, span: int) -> Path:
        """What was listed and read of the images of a span."""
        return self.path / "listings" / f"{span}.jsonl"

    @property
    def golden_listing(self) -> Path:
        """The same of the golden set."""
        return self.path / "golden.jsonl"

    @property
    def split_book(self) -> Path:
        """The splits of the images of all spans so far (``components.records.split_book``)."""
        return self.path / "splits.json"

    @property
    def spans(self) -> Path:
        """What was ingested and decided of each span (``components.records.spans``)."""
        return self.path / "spans.json"

    @property
    def decisions(self) -> Path:
        """A line for each time that ``thaw retrain`` has decided."""
        return self.path / "decisions.jsonl"

    @property
    def schema(self) -> Path:
        """The schema that later runs' data must fit."""
        return self.path / "schema.pbtxt"

    @property
    def checkpoints(self) -> Path:
        """The checkpoints that an interrupted training continues from."""
        return self.path / "checkpoints"

    @property
    def temporary(self) -> Path:
        """Temporary files of a run."""
        return self.path / "tmp"

    @property
    def compiled(self) -> Path:
        """The pipeline as the latest run compiled it (``pipeline.compiled``)."""
        return self.path / "compiled"

    @property
    def runs(self) -> Path:
        """A folder for each run."""
        return self.path / "runs"

    def run(self, run_id: str) -> Path:
        """The folder of a run, with its summary and log."""
        return self.runs / run_id

    def node_records(self, run_id: str) -> Path:
        """The folder of the records of a run's nodes (``node_records``)."""
        return self.run(run_id) / "nodes"

    def summary_of(self, run_id: str) -> Path:
        """A run's summary."""
        return self.run(run_id) / SUMMARY_FILE

    def begun(self, run_id: str) -> Path:
        """Makes a run's folder and returns it; raises as ``held``."""
        try:
            self.run(run_id).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.unwritable(error) from None
        return self.run(run_id)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other runs out.

        Raises:
            BusyError: when one is under way.
            InputError: when the folder cannot be written.
            StageError: when its disk is full.
        """
        busy = (
            f"root: another run holds {self.path}; wait until it has ended, or use another with "
            "--root"
        )
        with self._locked("run.lock", busy):
            yield

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keeps other services out, but no runs; raises as ``held``."""
        busy = (
            f"root: another thaw retrain --watch already runs for {self.path}; stop that one, or "
            "use another root with --root"
        )
        with self._locked("watch.lock", busy):
            yield

    @contextmanager
    def _locked(self, name: str, busy: str) -> Iterator[None]:
        lock = FileLock(str(self.path / name))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(busy) from None
        except OSError as error:
            raise self.unwritable(error) from None
        try:
            yield
        finally:
            lock.release()

    def unwritable(self, error: OSError) -> InputError | StageError:
        """The error to raise when the folder, or a folder in it, cannot be written."""
        full_disk = no_room(error, self.path)
        return (
            StageError(f"root: {full_disk}")
            if full_disk
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
