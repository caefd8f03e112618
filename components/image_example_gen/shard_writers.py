"""Writes records into shards of a set size, a series of them for each split."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import tensorflow as tf

from modules.images import shard_labels


@dataclass
class Written:
    """What was written of an Examples artifact, by each shard's name in ``shard_labels``.

    Attributes:
        labels: of the shard's records, in their order.
        digests: likewise, as ``shard_labels.DIGITS`` has them; of no record if they are not kept.
    """

    labels: dict[str, list[str]] = field(default_factory=dict)
    digests: dict[str, list[str]] = field(default_factory=dict)

    def add(self, other: "Written") -> None:
        """Adds other shards."""
        self.labels |= other.labels
        self.digests |= other.digests


class ShardWriters:
    """TFRecord files that are opened for their first record, and closed when they are full.

    TFX's readers take whatever lies in a split's folder.

    Args:
        folders: each split's folder; missing ones are made.
        number: of the chunk that is written, for the files' names.
        shard_bytes: a shard that holds more is closed.

    Attributes:
        written: the records of all shards.
    """

    def __init__(self, folders: Mapping[str, str], number: int, shard_bytes: int) -> None:
        self._folders, self._number, self._most = folders, number, shard_bytes
        self.written = Written()
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

    def write(self, split: str, record: bytes, label: str, digest: str = "") -> None:
        """Appends a record to a split.

        Args:
            split: one that has a folder.
            record: a serialized ``tf.Example``.
            label: of the record.
            digest: sha256 of its image, hexadecimal, if it is to be kept.
        """
        if self._weights.get(split, 0) >= self._most:
            self._writers.pop(split).close()
        if split not in self._writers:
            self._open(split)
        self._writers[split].write(record)
        self._weights[split] += len(record)
        self.written.labels[self._names[split]].append(label)
        if digest:
            self.written.digests[self._names[split]].append(digest[: shard_labels.DIGITS])

    def _open(self, split: str) -> None:
        part = self._parts[split] = self._parts.get(split, -1) + 1
        path = f"{self._folders[split]}/images-{self._number:05d}-{part:05d}.tfrecord"
        self._names[split] = shard_labels.name_of(path)
        self.written.labels[self._names[split]] = []
        self.written.digests[self._names[split]] = []
        self._writers[split] = tf.io.TFRecordWriter(path)
        self._weights[split] = 0
