"""Checkpoints, from which an interrupted run goes on: variables and a JSON note, on disk."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

_LOG = logging.getLogger(__name__)
# The names that lead to a shard: ImageExampleGen/examples/EXECUTION/Split-train/NAME.
_BELOW_ROOT = 5


class _Note(tf.train.experimental.PythonState):
    """A JSON object within a checkpoint, so that it is written together with the variables."""

    def __init__(self) -> None:
        super().__init__()
        self.value: dict[str, Any] = {}

    def serialize(self) -> str:
        """Returns the text that the checkpoint holds."""
        return json.dumps(self.value)

    def deserialize(self, text: str) -> None:
        """Reads the text that a checkpoint held."""
        self.value = json.loads(text)


class Checkpoint:
    """The latest state of some variables.

    Args:
        folder: a folder for this checkpoint alone; None keeps nothing.
        writes: whether this process writes and removes, or only reads what another one writes.
        **tracked: what to save: variables, optimizers, lists of them.
    """

    def __init__(self, folder: Path | None, *, writes: bool = True, **tracked: Any) -> None:
        self._folder, self._writes = folder, writes
        self._note = _Note()
        self._checkpoint = tf.train.Checkpoint(note=self._note, **tracked)
        self._manager = (
            tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=1)
            if folder
            else None
        )

    def restore(self) -> dict[str, Any] | None:
        """Restores the variables and returns the note; returns None without a checkpoint.

        A checkpoint that cannot be read counts as none, so its work is done again.
        """
        latest = self._manager.latest_checkpoint if self._manager else None
        if latest is None or not _is_complete(latest):
            return None
        self._checkpoint.restore(latest).assert_existing_objects_matched()
        return self._note.value

    def save(self, note: dict[str, Any]) -> None:
        """Writes the state; the previous state is removed once the new one is complete."""
        if self._manager and self._writes:
            self._note.value = note
            self._manager.save()

    def remove(self) -> None:
        """Removes the checkpoint."""
        if self._folder and self._writes:
            shutil.rmtree(self._folder, ignore_errors=True)


def _is_complete(path: str) -> bool:
    """Whether every value of a checkpoint can be read."""
    try:
        reader = tf.train.load_checkpoint(path)
        for key in reader.get_variable_to_shape_map():
            reader.get_tensor(key)
    # The reader raises whatever the C++ status is mapped to.
    except (tf.errors.OpError, IndexError, RuntimeError, ValueError) as error:
        _LOG.warning("%s cannot be read, so its work is done again: %s", path, error)
        return False
    return True


def fingerprint(parts: Iterable[str], shards: Iterable[str]) -> str:
    """sha256 over some texts, and the names and sizes of some shards; hexadecimal.

    Nobody writes to an artifact's folder once it is published, and each execution has a folder of
    its own: a shard's name, from the component's folder on, and its size say what it holds. The
    root may be moved.
    """
    sizes = [(shard.split("/")[-_BELOW_ROOT:], tf.io.gfile.stat(shard).length) for shard in shards]
    return hashlib.sha256(json.dumps([list(parts), sizes]).encode()).hexdigest()


def chained_keys(parts: Iterable[str]) -> list[str]:
    """Returns a key for each part, which depends on that part and all parts before it."""
    digest, keys = hashlib.sha256(), list[str]()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
        keys.append(digest.hexdigest()[:16])
    return keys


def remove_abandoned(folder: Path, keep: int = 1) -> None:
    """Removes the checkpoints of abandoned tasks.

    Args:
        folder: the present task's folder, which is kept.
        keep: how many of the other tasks' folders are kept, the latest ones.
    """
    siblings = [sibling for sibling in folder.parent.glob("*/") if sibling != folder]
    siblings.sort(key=lambda sibling: sibling.stat().st_mtime)
    for sibling in siblings[: max(0, len(siblings) - keep)]:
        shutil.rmtree(sibling, ignore_errors=True)
