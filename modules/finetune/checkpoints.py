"""What an interrupted run goes on from: variables and a note, on disk, whole or not at all."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

_LOG = logging.getLogger(__name__)


class _Note(tf.train.experimental.PythonState):
    """A JSON object in a checkpoint, so that it and the variables are written together."""

    def __init__(self) -> None:
        super().__init__()
        self.value: dict[str, Any] = {}

    def serialize(self) -> str:
        """What the checkpoint holds."""
        return json.dumps(self.value)

    def deserialize(self, text: str) -> None:
        """Takes what a checkpoint held."""
        self.value = json.loads(text)


class Checkpoint:
    """The latest state of some variables.

    Args:
        folder: of this checkpoint alone; None keeps nothing.
        writes: whether this process writes and removes, or only reads what another has written.
        **tracked: what to keep: variables, optimizers, lists of them.
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
        """Gives the variables their kept values; returns the note, None where nothing is kept.

        What cannot be read is as good as not there: the work is done again.
        """
        latest = self._manager.latest_checkpoint if self._manager else None
        if latest is None or not _is_whole(latest):
            return None
        self._checkpoint.restore(latest).assert_existing_objects_matched()
        return self._note.value

    def save(self, note: dict[str, Any]) -> None:
        """Writes everything; the state before it is removed once the new one is whole."""
        if self._manager and self._writes:
            self._note.value = note
            self._manager.save()

    def remove(self) -> None:
        """Removes what was kept."""
        if self._folder and self._writes:
            shutil.rmtree(self._folder, ignore_errors=True)


def _is_whole(path: str) -> bool:
    """Whether every value of a checkpoint can be read."""
    try:
        reader = tf.train.load_checkpoint(path)
        for key in reader.get_variable_to_shape_map():
            reader.get_tensor(key)
    # The reader raises what the C++ status happens to be mapped to.
    except (tf.errors.OpError, IndexError, RuntimeError, ValueError) as error:
        _LOG.warning("%s cannot be read, so its work is done again: %s", path, error)
        return False
    return True


def fingerprint(parts: Iterable[str], files: Iterable[str]) -> str:
    """sha256 over some texts and the contents of some files, hexadecimal."""
    total = hashlib.sha256(json.dumps(list(parts)).encode())
    for path in files:
        with tf.io.gfile.GFile(path, "rb") as file:
            while piece := file.read(1 << 24):
                total.update(piece)
    return total.hexdigest()


def chain(parts: Iterable[str]) -> list[str]:
    """For each part a key that stands for it and for all parts before it."""
    total, keys = hashlib.sha256(), list[str]()
    for part in parts:
        total.update(f"{len(part)}:{part}".encode())
        keys.append(total.hexdigest()[:16])
    return keys


def make_room(folder: Path, keep: int = 1) -> None:
    """Removes the checkpoints of tasks that were given up.

    Args:
        folder: the task's own, which stays.
        keep: how many others beside it stay, the latest ones.
    """
    others = [other for other in folder.parent.glob("*/") if other != folder]
    others.sort(key=lambda other: other.stat().st_mtime)
    for other in others[: max(0, len(others) - keep)]:
        shutil.rmtree(other, ignore_errors=True)
