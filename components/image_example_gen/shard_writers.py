"""Writes records into shards of a set size, a series of them for each split."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import tensorflow as tf

from modules.images import shard_labels


class ShardWriters:
    """TFRecord files that are opened for their first record, and closed when they are full.

    TFX's readers take whatever lies in a split's folder.

    Args:
        folders: each split's folder; missing ones are made.
        number: of the chunk that is written, for the files' names.
        shard_bytes: a shard that holds more is closed.

    Attributes:
        labels: of each shard's records, in their order, by the shard's name in ``shard_labels``.
    """

    def __init__(self, folders: Mapping[str, str], number: int, shard_bytes: int) -> None:
        self._folders, self._number, self._most = folders, number, shard_bytes
        self.labels: dict[str, list[str]] = {}
        self._writers: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._weights: dict[str, int] = {}
        self._parts: dict[str, int] = {}

    def __enter__(self) -> "ShardWriters":
        """Every split has a folder and, from the first chunk, a shard, even if nothing is in it."""
        for split, folder in self._folders.items():
            tf.io.gfile.makedirs(folder)
            if self._number == 0:
                self._open(split)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes what is open."""
        for writer in self._writers.values():
            writer.close()

    def write(self, split: str, record: bytes, label: str) -> None:
        """Appends a record, which has this label, to a split."""
        if self._weights.get(split, 0) >= self._most:
            self._writers.pop(split).close()
        if split not in self._writers:
            self._open(split)
        self._writers[split].write(record)
        self._weights[split] += len(record)
        self.labels[self._names[split]].append(label)

    def _open(self, split: str) -> None:
        part = self._parts[split] = self._parts.get(split, -1) + 1
        path = f"{self._folders[split]}/images-{self._number:05d}-{part:05d}.tfrecord"
        self._names[split] = shard_labels.name_of(path)
        self.labels[self._names[split]] = []
        self._writers[split] = tf.io.TFRecordWriter(path)
        self._weights[split] = 0
