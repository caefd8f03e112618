"""Clears what a killed run, or a killed node, has left.

TFX publishes a node's artifacts and the end of its execution in one transaction. So a killed node
leaves an execution that ML Metadata takes for running, without artifacts, and folders that nothing
refers to.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from modules.errors import InputError
from pipeline.state import executions
from pipeline.state.root import Root

_HUB = "TFHUB_CACHE_DIR"


def check_metadata(root: Root) -> None:
    """Has SQLite check ML Metadata's file, and undo a transaction that a kill has cut off.

    Raises:
        InputError: when the file is damaged, or is empty although nodes have written artifacts.
    """
    if not root.metadata.exists():
        return
    if not root.metadata.stat().st_size:
        # A run that was killed while it made the file leaves it empty, and no artifacts.
        problem = "is empty" if root.artifacts.exists() else ""
    else:
        problem = _damage(root)
    if problem:
        raise InputError(
            f"root: {root.metadata} {problem}; move it and {root.artifacts} away, or restore a "
            "copy of it: only the cache is lost, so the next run does all work again, and what is "
            "served stays"
        )


def _damage(root: Root) -> str:
    try:
        with closing(
            sqlite3.connect(f"{root.metadata.resolve().as_uri()}?mode=rw", uri=True)
        ) as db:
            ((answer,), *_) = db.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError:  # It is locked, or the disk is full.
        raise
    except sqlite3.DatabaseError as error:
        answer = str(error)
    return "" if answer == "ok" else f"is damaged ({' '.join(str(answer).split())})"


def recover(root: Root, connection: Any) -> int:
    """Clears what killed nodes of any run have left.

    Their executions are marked as canceled, and what they have written is removed. Folders of
    executions that ended, however they did, are left alone.

    Args:
        root: held by this run, so that no node of another one is under way.
        connection: ML Metadata's configuration of a connection; its file is made if need be.

    Returns:
        How many executions were marked.
    """
    store = _opened(root, connection)
    return _clear(root, store, store.get_executions(), "*")


def recover_node(root: Root, connection: Any, run: executions.NodeRun) -> int:
    """Clears what a killed attempt at one node of one run has left, as ``recover`` does.

    Args:
        root: of the pipeline; no other attempt at this node may be under way.
        connection: as for ``recover``.
        run: the node; executions of other runs and of other nodes are left alone.

    Returns:
        How many executions were marked.
    """
    store = _opened(root, connection)
    return _clear(root, store, executions.of_node(store, run), run.node_id)


def _opened(root: Root, connection: Any) -> Any:
    """ML Metadata's store; a new file numbers its executions from the time."""
    import ml_metadata as mlmd

    store = mlmd.MetadataStore(connection)
    if connection.HasField("sqlite"):
        _number_from_now(root)
    return store


def _clear(root: Root, store: Any, candidates: Sequence[Any], node: str) -> int:
    """Clears the unfinished ones of some executions, in the folders that fit the pattern."""
    from ml_metadata.proto.metadata_store_pb2 import Execution

    unfinished = [
        execution
        for execution in candidates
        if execution.last_known_state in (Execution.NEW, Execution.RUNNING)
    ]
    # Folders first: on a full disk this makes the room that the marks need.
    for execution in unfinished:
        _remove(root, f"{node}/*/{execution.id}")
        _remove(root, f"{node}/.system/executor_execution/{execution.id}")
    _remove(root, f"{node}/.system/stateful_working_dir/*")  # TFX never uses one of these again.
    for execution in unfinished:
        execution.last_known_state = Execution.CANCELED
    store.put_executions(unfinished)
    return len(unfinished)


def _remove(root: Root, pattern: str) -> None:
    for folder in root.artifacts.glob(pattern):
        shutil.rmtree(folder, ignore_errors=True)


def _number_from_now(root: Root) -> None:
    """Has a new file number its executions from the time, in milliseconds, instead of from 1.

    An artifact's path ends with the number, and a served version remembers the path of its model.
    So no model of a new root, or of one whose metadata was lost, has the path of an earlier model.
    """
    with closing(sqlite3.connect(root.metadata)) as db, db:
        db.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'Execution', ? "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'Execution')",
            [time.time_ns() // 1_000_000],
        )


@contextmanager
def temporary_files(folder: Path) -> Iterator[None]:
    """Has this process, and those that it starts, put temporary files into a folder.

    A killed process leaves them there, where the next one removes them. Downloaded modules stay
    where they are otherwise: they are kept.

    Args:
        folder: emptied first, and removed at the end; the folder above it must be there.
    """
    changed = {"TMPDIR": str(folder)}
    if not os.environ.get(_HUB):
        changed[_HUB] = os.path.join(tempfile.gettempdir(), "tfhub_modules")
    before = {name: os.environ.get(name) for name in changed}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
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
        shutil.rmtree(folder, ignore_errors=True)
