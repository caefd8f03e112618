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
    """What a model takes for each image: one or more tensors.

    Args:
        rows: the form of one row of each tensor.
        count: how many rows there will be.
        folder: an empty one, for files that hold them; in memory where it is None.
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
        made = tf.numpy_function(
            lambda found: [np.asarray(array[found]) for array in self._arrays],
            [places],
            [row.dtype for row in self.rows],
            stateful=False,
        )
        shape = places.shape
        return tuple(
            tf.ensure_shape(tensor, shape.concatenate(row.shape))
            for tensor, row in zip(made, self.rows, strict=True)
        )

    def remove(self) -> None:
        """Frees what it takes."""
        self._arrays = []
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class Storage:
    """The room for tables: memory first, then disk.

    Attributes:
        memory_mb: how much may lie in memory.
        disk_mb: how much in ``folder``.
        folder: which the caller removes.
    """

    memory_mb: int
    disk_mb: int
    folder: Path

    def __post_init__(self) -> None:
        self._used = {"memory": 0, "disk": 0}
        self._places: dict[int, tuple[str, int]] = {}

    def table(self, rows: Sequence[tf.TensorSpec], count: int) -> Table:
        """A table without rows yet; on disk where even that is too small, for it must be."""
        weight = count * row_bytes(rows)
        place = self._place(weight) or "disk"
        folder = None
        if place == "disk":
            self.folder.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="table-", dir=self.folder))
        made = Table(rows, count, folder)
        self._used[place] += weight
        self._places[id(made)] = (place, weight)
        return made

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
    """How many rows pass through a model together where no gradient needs all of a batch.

    A processor is fastest while what a few images become stays in its cache: MobileNet took 4.5 ms
    for an image of 224 x 224 among 8, 6.1 ms among 32, 12.5 ms among 128. A GPU wants more.
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
    """What one row of each weighs."""
    return sum(int(row.shape.num_elements()) * int(row.dtype.size) for row in rows)
