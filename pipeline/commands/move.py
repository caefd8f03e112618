"""``thaw move``: updates the paths in a root that was moved or copied."""

import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.disk import replace_whole
from components.records.summary import SUMMARY_FILE
from components.serving import versions
from components.serving.lock import LOCK, writing
from modules import model_layout
from modules.errors import InputError
from modules.text import as_json
from pipeline.caching.cache_keys import renamed
from pipeline.configuration import places
from pipeline.state import owner, recovery
from pipeline.state.root import Root

_SERVING = "serving_dir"  # the property of Pusher's executions


def move(folder: Path) -> str:
    """Updates the paths in ML Metadata, in the nodes' files, and in pushed versions.

    A copy, whose original still exists, gets an id and execution numbers of its own, and leaves a
    serving folder outside of the root to the original.

    Args:
        folder: the root's present folder.

    Returns:
        A sentence that says what was done.

    Raises:
        InputError: when the folder is no root, or ML Metadata is damaged.
        BusyError: when a run holds the root, or a push holds a serving folder.
    """
    root = Root(Path(places.resolved(folder, Path.cwd())))
    places.check_no_pattern("ROOT", root.path)
    try:
        recorded = owner.read(root)
    except OSError as error:
        raise root.unwritable(error) from None
    if recorded is None:
        raise InputError(
            f"ROOT: {folder} is no root, since it holds no {owner.OWNER_FILE}; give the "
            "folder that a run wrote to"
        )
    if recorded.root == str(root.path):
        return f"{root.path} lies where it was made: there is nothing to update"
    names = {recorded.root: str(root.path)}
    is_copy = _is_there(Root(Path(recorded.root)), recorded)
    with root.held():
        recovery.check_metadata(root)
        served = {root.path / "serving"}
        if root.metadata.exists():
            served |= {Path(renamed(old, names)) for old in _update_metadata(root, names)}
            if is_copy:
                _renumber(root)
        shutil.rmtree(root.compiled, ignore_errors=True)  # It contains the old paths.
        for file in _own_files(root):
            _update_file(file, names)
        for serving in sorted(served):
            if (serving / LOCK).exists() and not (is_copy and root.path not in serving.parents):
                with writing(serving, f"thaw move {root.path}"):
                    for file in _pushed_files(serving):
                        _update_file(file, names)
        root_id = uuid.uuid4().hex if is_copy else recorded.id
        owner.write(root, replace(recorded, root=str(root.path), id=root_id))
    kind = "a copy of" if is_copy else "moved from"
    return f"{root.path} is {kind} {recorded.root}: its paths are updated; the next run continues"


def _is_there(original: Root, recorded: owner.Owner) -> bool:
    try:
        original_owner = owner.read(original)
    except OSError:
        return False
    return original_owner is not None and original_owner.id == recorded.id


def _update_metadata(root: Root, names: Mapping[str, str]) -> set[str]:
    """Updates artifacts and executions; returns the serving folders that were pushed to."""
    import ml_metadata as mlmd
    from ml_metadata.proto import metadata_store_pb2

    connection = metadata_store_pb2.ConnectionConfig()
    connection.sqlite.filename_uri = str(root.metadata)
    store = mlmd.MetadataStore(connection)
    artifacts, executions = store.get_artifacts(), store.get_executions()
    served = {
        execution.custom_properties[_SERVING].string_value
        for execution in executions
        if _SERVING in execution.custom_properties
    }
    for artifact in artifacts:
        artifact.uri = renamed(artifact.uri, names)
    for node in (*artifacts, *executions):
        for properties in (node.properties, node.custom_properties):
            for value in properties.values():
                if value.HasField("string_value"):
                    value.string_value = renamed(value.string_value, names)
    store.put_artifacts(artifacts)
    store.put_executions(executions)
    return served


def _renumber(root: Root) -> None:
    """Numbers a copy's new executions from the present time on, so that none has an original's."""
    with closing(sqlite3.connect(root.metadata)) as db, db:
        db.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'Execution'",
            [time.time_ns() // 1_000_000],
        )


def _own_files(root: Root) -> Iterator[Path]:
    """Yields the JSON files of nodes and runs."""
    yield from root.path.glob(SUMMARY_FILE)
    yield from root.path.glob("runs/*/*.json")
    yield from root.artifacts.rglob("*.json")


def _pushed_files(serving: Path) -> Iterator[Path]:
    for folder in (serving, serving / versions.WITHDRAWN):
        for number in versions.numbers_in(folder):
            yield from (folder / str(number) / model_layout.EXTRA).glob("*.json")


def _update_file(file: Path, names: Mapping[str, str]) -> None:
    """Updates the paths in a JSON file; leaves a file without any as it is."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return
    updated_content = _updated(content, names)
    if updated_content != content:
        replace_whole(file, (as_json(updated_content, indent=1) + "\n").encode())


def _updated(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return renamed(value, names)
    if isinstance(value, list):
        return [_updated(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _updated(item, names) for key, item in value.items()}
    return value
