"""What a run that was killed has left: cleared, under the root's lock, before the next one.

TFX publishes what a node made, and that it ended, in one transaction. So a killed node has left an
execution that ML Metadata takes for running, without artifacts, and folders that nothing refers to.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from modules.errors import InputError
from pipeline.root import Root

_HUB = "TFHUB_CACHE_DIR"


def check_metadata(root: Root) -> None:
    """Has SQLite look through ML Metadata's file, which a transaction of a killed run is undone by.

    Raises:
        InputError: when it is damaged, or is empty although components have written artifacts.
    """
    if not root.metadata.exists():
        return
    if not root.metadata.stat().st_size:
        # A run that was killed as it made the file leaves it so, and has written nothing else.
        problem = "is empty" if root.artifacts.exists() else ""
    else:
        problem = _damage(root)
    if problem:
        raise InputError(
            f"root: {root.metadata} {problem}; move it and {root.artifacts} away, or put a copy of "
            "it back: what is lost is what was cached, and the next run does all of it again; what "
            "is served stays"
        )


def _damage(root: Root) -> str:
    try:
        with closing(
            sqlite3.connect(f"{root.metadata.resolve().as_uri()}?mode=rw", uri=True)
        ) as db:
            ((found,), *_) = db.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError:  # It is locked, or the disk is full.
        raise
    except sqlite3.DatabaseError as error:
        found = str(error)
    return "" if found == "ok" else f"is damaged ({' '.join(str(found).split())})"


def recover(root: Root, connection: Any) -> int:
    """Removes what killed nodes have written, and marks their executions as canceled.

    Folders of executions that ended, however they did, are left alone.

    Args:
        root: held by this run.
        connection: ML Metadata's configuration of a connection; its file is made if need be.

    Returns:
        How many executions were marked.
    """
    import ml_metadata as mlmd
    from ml_metadata.proto.metadata_store_pb2 import Execution

    store = mlmd.MetadataStore(connection)
    _number_from_now(root)
    unfinished = [
        execution
        for execution in store.get_executions()
        if execution.last_known_state in (Execution.NEW, Execution.RUNNING)
    ]
    # Folders first: on a full disk this makes the room that the marks need.
    for execution in unfinished:
        for pattern in (f"*/*/{execution.id}", f"*/.system/executor_execution/{execution.id}"):
            _remove(root, pattern)
    _remove(root, "*/.system/stateful_working_dir/*")  # TFX never finds one of these again.
    for execution in unfinished:
        execution.last_known_state = Execution.CANCELED
    store.put_executions(unfinished)
    return len(unfinished)


def _remove(root: Root, pattern: str) -> None:
    for folder in root.artifacts.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


def _number_from_now(root: Root) -> None:
    """Has a new file number its executions from the time, in milliseconds, instead of from 1.

    The number is the end of an artifact's path, and versions that are served remember the path of
    their model. So no model of a new root, or of one whose metadata was lost, is taken for one that
    lay there before.
    """
    with closing(sqlite3.connect(root.metadata)) as db, db:
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'Execution', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'Execution')",
            [time.time_ns() // 1_000_000],
        )


@contextmanager
def temporary_files(root: Root) -> Iterator[None]:
    """Has this process, and those that it starts, put temporary files into the root.

    So a killed run's are found by the next. Downloaded modules are none: they stay where they are.
    """
    changed = {"TMPDIR": str(root.temporary)}
    if not os.environ.get(_HUB):
        changed[_HUB] = os.path.join(tempfile.gettempdir(), "tfhub_modules")
    before = {name: os.environ.get(name) for name in changed}
    shutil.rmtree(root.temporary, ignore_errors=True)
    root.temporary.mkdir(exist_ok=True)
    os.environ.update(changed)
    tempfile.tempdir = None  # It is looked up again.
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        tempfile.tempdir = None
        shutil.rmtree(root.temporary, ignore_errors=True)
