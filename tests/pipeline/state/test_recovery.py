"""What a killed run leaves is cleared, and nothing else is touched."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import ml_metadata as mlmd
import pytest
from ml_metadata.proto import metadata_store_pb2

from modules.errors import InputError
from pipeline.state.executions import NodeRun
from pipeline.state.recovery import check_metadata, recover, recover_node, temporary_files
from pipeline.state.root import Root

Execution = metadata_store_pb2.Execution


def connection_to(root: Root) -> Any:
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(root.metadata)
    config.sqlite.connection_mode = (
        metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    )
    return config


def executed(store: Any, state: int) -> int:
    """The number of a new execution in this state."""
    type_id = store.put_execution_type(metadata_store_pb2.ExecutionType(name="Trainer"))
    (number,) = store.put_executions([Execution(type_id=type_id, last_known_state=state)])
    return int(number)


def in_context(store: Any, kind: str, name: str, *executions: int) -> None:
    """Puts executions into a context as TFX does: of a node, or of a run."""
    type_id = store.put_context_type(metadata_store_pb2.ContextType(name=kind))
    (context,) = store.put_contexts([metadata_store_pb2.Context(type_id=type_id, name=name)])
    store.put_attributions_and_associations(
        [],
        [
            metadata_store_pb2.Association(context_id=context, execution_id=number)
            for number in executions
        ],
    )


def folders_of(root: Root, number: int) -> list[Path]:
    """The folders of an execution of Trainer, as TFX lays them out."""
    node = root.artifacts / "Trainer"
    folders = [
        node / "model" / str(number),
        node / "model_run" / str(number),
        node / ".system" / "executor_execution" / str(number),
    ]
    for folder in folders:
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "file").write_bytes(b"x")
    return folders


def test_unfinished_executions_are_canceled_and_their_folders_removed(tmp_path: Path) -> None:
    root = Root(tmp_path)
    assert recover(root, connection_to(root)) == 0
    store = mlmd.MetadataStore(connection_to(root))
    ended = {
        state: executed(store, state)
        for state in (Execution.COMPLETE, Execution.CACHED, Execution.FAILED, Execution.CANCELED)
    }
    killed = [executed(store, state) for state in (Execution.RUNNING, Execution.NEW)]
    kept = [folder for number in ended.values() for folder in folders_of(root, number)]
    gone = [folder for number in killed for folder in folders_of(root, number)]
    working = root.artifacts / "Trainer" / ".system" / "stateful_working_dir" / "8d6c"
    working.mkdir(parents=True)
    assert recover(root, connection_to(root)) == 2
    assert all((folder / "deep" / "file").is_file() for folder in kept)
    assert not any(folder.exists() for folder in [*gone, working])
    states = {execution.id: execution.last_known_state for execution in store.get_executions()}
    assert states == {number: state for state, number in ended.items()} | dict.fromkeys(
        killed, Execution.CANCELED
    )
    assert recover(root, connection_to(root)) == 0


def test_a_node_s_recovery_leaves_other_nodes_and_other_runs_alone(tmp_path: Path) -> None:
    root = Root(tmp_path)
    recover(root, connection_to(root))
    store = mlmd.MetadataStore(connection_to(root))
    killed, of_other_run, of_other_node = (executed(store, Execution.RUNNING) for _ in range(3))
    in_context(store, "node", "birds.Trainer", killed, of_other_run)
    in_context(store, "node", "birds.Pusher", of_other_node)
    in_context(store, "pipeline_run", "1", killed, of_other_node)
    in_context(store, "pipeline_run", "2", of_other_run)
    gone = folders_of(root, killed)
    kept = [*folders_of(root, of_other_run), *folders_of(root, of_other_node)]
    assert recover_node(root, connection_to(root), NodeRun("birds", "1", "Trainer")) == 1
    assert not any(folder.exists() for folder in gone)
    assert all((folder / "deep" / "file").is_file() for folder in kept)
    states = {execution.id: execution.last_known_state for execution in store.get_executions()}
    assert states == {
        killed: Execution.CANCELED,
        of_other_run: Execution.RUNNING,
        of_other_node: Execution.RUNNING,
    }
    assert recover_node(root, connection_to(root), NodeRun("birds", "3", "Trainer")) == 0


def test_a_new_file_numbers_executions_higher_than_a_lost_one(tmp_path: Path) -> None:
    root = Root(tmp_path)
    recover(root, connection_to(root))
    first = executed(mlmd.MetadataStore(connection_to(root)), Execution.COMPLETE)
    assert first > 1_700_000_000_000
    recover(root, connection_to(root))
    assert executed(mlmd.MetadataStore(connection_to(root)), Execution.COMPLETE) == first + 1
    root.metadata.unlink()
    time.sleep(0.01)
    recover(root, connection_to(root))
    assert executed(mlmd.MetadataStore(connection_to(root)), Execution.COMPLETE) > first + 1


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be one " * 100)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to_bytes(path: Path) -> None:
    os.truncate(path, 60)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 3 * 4096)


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [garbage, cut_short, cut_to_bytes, overwritten, empty])
def test_damaged_metadata_is_refused_with_the_remedy(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    root = Root(tmp_path)
    check_metadata(root)
    recover(root, connection_to(root))
    folders_of(root, executed(mlmd.MetadataStore(connection_to(root)), Execution.COMPLETE))
    check_metadata(root)
    damage(root.metadata)
    before = root.metadata.read_bytes()
    with pytest.raises(InputError, match=r"metadata\.db is (damaged|empty).*; move it and .* away"):
        check_metadata(root)
    assert root.metadata.read_bytes() == before


def test_an_empty_file_of_a_killed_first_run_is_not_taken_for_damaged(tmp_path: Path) -> None:
    root = Root(tmp_path)
    root.metadata.touch()
    check_metadata(root)
    assert recover(root, connection_to(root)) == 0


def test_an_unfinished_transaction_is_undone_and_is_no_damage(tmp_path: Path) -> None:
    root = Root(tmp_path)
    recover(root, connection_to(root))
    number = executed(mlmd.MetadataStore(connection_to(root)), Execution.COMPLETE)
    pid = os.fork()
    if not pid:  # pragma: no cover
        cut = sqlite3.connect(root.metadata)
        cut.execute("PRAGMA cache_size = 1")  # Pages go to the file before the end.
        cut.execute("CREATE TABLE more (text)")
        cut.execute("BEGIN")
        cut.executemany("INSERT INTO more VALUES (?)", [["x" * 4000]] * 500)
        os._exit(0)
    os.waitpid(pid, 0)
    assert (tmp_path / "metadata.db-journal").exists()
    check_metadata(root)
    with closing(sqlite3.connect(root.metadata)) as db:
        assert db.execute("SELECT count(*) FROM more").fetchall() == [(0,)]
        assert db.execute("SELECT id FROM Execution").fetchall() == [(number,)]


def test_temporary_files_lie_in_the_folder_and_those_of_a_killed_run_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR", raising=False)
    root, before = Root(tmp_path), tempfile.gettempdir()
    root.temporary.mkdir()
    (root.temporary / "of a killed run").mkdir()
    with temporary_files(root.temporary):
        assert list(root.temporary.iterdir()) == []
        assert Path(tempfile.mkdtemp()).parent == root.temporary
        assert Path(os.environ["TMPDIR"]) == root.temporary
        assert os.environ["TFHUB_CACHE_DIR"] == os.path.join(before, "tfhub_modules")
    assert tempfile.gettempdir() == before
    assert "TFHUB_CACHE_DIR" not in os.environ
    assert not root.temporary.exists()
