"""The shards of one split, of one Examples artifact or of several, and the records used of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from modules.images import shard_labels, used_records
from modules.images.datasets import as_it_is, untuned
from modules.images.shard_labels import LabelsFile
from modules.images.used_records import Mask


@dataclass(frozen=True, eq=False)
class Shard:
    """A TFRecord file.

    Attributes:
        path: where it lies.
        labels: of its records, in their order; None where no file beside the splits says them.
        mask: whether each record is used, bool [records]; None if all of them are.
    """

    path: str
    labels: Sequence[str] | None = None
    mask: Mask | None = None

    def used_labels(self) -> Sequence[str] | None:
        """The labels of the records that are used."""
        if self.labels is None or self.mask is None:
            return self.labels
        return [label for label, used in zip(self.labels, self.mask, strict=True) if used]


@dataclass(frozen=True, eq=False)
class Shards:
    """Shards in the order of their spans, and of their names.

    Attributes:
        shards: all of them.
        texts: of the files beside the splits, in the order of the artifacts; empty texts where
            there is no file.
    """

    shards: Sequence[Shard]
    texts: Sequence[str]

    @property
    def paths(self) -> list[str]:
        """Where they lie."""
        return [shard.path for shard in self.shards]

    @property
    def are_used_whole(self) -> bool:
        """Whether every record is used."""
        return all(shard.mask is None for shard in self.shards)

    def labels(self) -> list[str] | None:
        """Of all records that are used, shard after shard.

        Returns:
            None where they are not known without the records: another component wrote them.
        """
        result: list[str] = []
        for shard in self.shards:
            labels = shard.used_labels()
            if labels is None:
                return None
            result += labels
        return result

    def records(self) -> tf.data.Dataset:
        """The serialized ``tf.Example``s that are used, in order; nothing of the others is parsed.

        Where all are used, this costs nothing.
        """
        records = untuned(tf.data.TFRecordDataset(self.paths))
        if self.are_used_whole:
            return records
        masks = [_mask_of(shard) for shard in self.shards]
        is_used = tf.data.Dataset.from_tensor_slices(np.concatenate(masks))
        pairs = tf.data.Dataset.zip((records, is_used))
        used = pairs.filter(as_it_is(lambda record, is_used: is_used))
        return used.map(as_it_is(lambda record, is_used: record))


def find(patterns: Sequence[str]) -> Shards:
    """The shards that match some patterns, such as ``FOLDER/Split-train/*``.

    Their order depends on the spans' numbers and the shards' names; for data without spans, on
    their paths.
    """
    paths = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    files = [shard_labels.read(folder) for folder in {shard_labels.artifact_of(p) for p in paths}]
    files.sort(key=lambda file: file.order)
    used = used_records.find(files)
    by_folder = {file.folder: (place, file) for place, file in enumerate(files)}
    paths.sort(key=lambda path: by_folder[shard_labels.artifact_of(path)][0])
    shards = [_shard(path, by_folder[shard_labels.artifact_of(path)][1], used) for path in paths]
    return Shards(shards, [file.text for file in files])


def _shard(path: str, file: LabelsFile, used: used_records.UsedRecords) -> Shard:
    name = shard_labels.name_of(path)
    if name not in file.shards:
        return Shard(path)
    labels = [file.labels[place] for place in file.shards[name]]
    return Shard(path, labels, used.masks.get((file.folder, name)))


def _mask_of(shard: Shard) -> Mask:
    return np.ones(len(shard.labels or ()), bool) if shard.mask is None else shard.mask
