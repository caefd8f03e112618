"""Rows of tensors that are written once and read in any order, in memory or on disk."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

MB = 1 << 20


class Table:
    """The input of a model for each image: one or more tensors.

    Args:
        rows: the form of one row of each tensor.
        count: how many rows there will be.
        folder: an empty folder, for files that hold the rows; None keeps them in memory.
    """

    def __init__(self, rows: Sequence[tf.TensorSpec], count: int, folder: Path | None) -> None:
        self.rows, self.count = tuple(rows), count
        self._folder, self._written = folder, 0
        self._arrays = [self._empty(number, row) for number, row in enumerate(rows)]

    def _empty(self, number: int, row: tf.TensorSpec) -> Any:
        shape, dtype = (self.count, *row.shape.as_list()), row.dtype.as_numpy_dtype
        if self._folder is None:
            return np.empty(shape, dtype)
        return np.memmap(self._folder / str(number), dtype, "w+", shape=shape)

    def append(self, tensors: Sequence[Any]) -> None:
        """Writes the next rows, a batch of each tensor."""
        stop = self._written + len(tensors[0])
        for array, tensor in zip(self._arrays, tensors, strict=True):
            array[self._written : stop] = tensor
        self._written = stop

    def part(self, start: int, stop: int) -> tuple[tf.Tensor, ...]:
        """Rows in the order in which they were written."""
        return tuple(tf.convert_to_tensor(np.array(array[start:stop])) for array in self._arrays)

    def take(self, places: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The rows of these places, int64 [n], in their order; for ``tf.data``."""
        rows = tf.numpy_function(
            lambda order: [np.asarray(array[order]) for array in self._arrays],
            [places],
            [row.dtype for row in self.rows],
            stateful=False,
        )
        shape = places.shape
        return tuple(
            tf.ensure_shape(tensor, shape.concatenate(row.shape))
            for tensor, row in zip(rows, self.rows, strict=True)
        )

    def remove(self) -> None:
        """Frees the room that the table takes."""
        self._arrays = []
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class Storage:
    """The room for tables: memory first, then disk.

    Attributes:
        memory_mb: how much may lie in memory.
        disk_mb: how much in ``folder``.
        folder: for the tables on disk; the caller removes it.
    """

    memory_mb: int
    disk_mb: int
    folder: Path

    def __post_init__(self) -> None:
        self._used = {"memory": 0, "disk": 0}
        self._places: dict[int, tuple[str, int]] = {}

    def table(self, rows: Sequence[tf.TensorSpec], count: int) -> Table:
        """A new table without rows: in memory, else on disk, even if it has too little room."""
        weight = count * row_bytes(rows)
        place = self._place(weight) or "disk"
        folder = None
        if place == "disk":
            self.folder.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="table-", dir=self.folder))
        table = Table(rows, count, folder)
        self._used[place] += weight
        self._places[id(table)] = (place, weight)
        return table

    def release(self, table: Table) -> None:
        """Removes a table and takes its room back."""
        place, weight = self._places.pop(id(table))
        self._used[place] -= weight
        table.remove()

    def _place(self, weight: int) -> str | None:
        if self._used["memory"] + weight <= self.memory_mb * MB:
            return "memory"
        return "disk" if self._used["disk"] + weight <= self.disk_mb * MB else None


def rows_at_once(rows: Sequence[tf.TensorSpec]) -> int:
    """How many rows pass through a model together if no gradient needs a whole batch.

    A processor is fastest while the values of a few images fit into its cache: MobileNet took
    4.5 ms for an image of 224 x 224 in batches of 8, 6.1 ms in batches of 32, 12.5 ms in batches of
    128. A GPU is faster with larger batches.
    """
    weight = 10 * MB if tf.config.list_physical_devices("GPU") else 1200 * 1024
    return max(8, min(1024, weight // max(1, row_bytes(rows))))


def passes_at_once() -> int:
    """How many batches of ``rows_at_once`` pass through a model at once.

    One small batch does not keep a processor busy: two at a time took 0.9 of the time on 2 cores.
    """
    if tf.config.list_physical_devices("GPU"):
        return 1
    return os.cpu_count() or 1


def row_bytes(rows: Sequence[tf.TensorSpec]) -> int:
    """The bytes that one row of each tensor takes."""
    return sum(int(row.shape.num_elements()) * int(row.dtype.size) for row in rows)
