"""Which records of several spans are used: the same bytes once, with one label that is trained on.

Nothing but the files of ``shard_labels`` is read for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from modules import features
from modules.images.shard_labels import LabelsFile, SpanPart, split_of

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class UsedRecords:
    """What is used of some Examples artifacts.

    Attributes:
        masks: by the artifact's folder and the shard's name, whether each of its records is used,
            bool [records]; only of shards that have one that is not.
        repeated: how many records are not used because a later one has the same bytes.
        contradicted: how many are not used because their bytes have two labels.
        unseen_class: how many are not used because no training image of their class is.
    """

    masks: Mapping[tuple[str, str], Mask] = field(default_factory=dict)
    repeated: int = 0
    contradicted: int = 0
    unseen_class: int = 0


def find(files: Sequence[LabelsFile]) -> UsedRecords:
    """Finds the records that are used when some artifacts are read together.

    Of records with the same bytes, only that of the latest span is used. Bytes that have two
    labels, or that one of the spans lists as contradicted, are not used at all. Nor are held-out
    images of a class of which no training image is used: a model cannot know it, and the images
    that taught it may be in a span before the window. Earlier images, which are never trained on,
    are compared apart from the others.

    Args:
        files: of all the artifacts, in any order; those of data without spans are used whole.
    """
    shards = list(_shards(sorted(files, key=lambda file: file.order)))
    if not any(digests for *_, digests in shards):
        return UsedRecords()
    sizes = [len(digests) for *_, digests in shards]
    digests = np.array([digest for *_, of_shard in shards for digest in of_shard], np.bytes_)
    labels = _numbers([file.labels[i] for file, name, _ in shards for i in file.shards[name]])
    splits = np.repeat([split_of(name) for _, name, _ in shards], sizes)

    listed = [digest for span in _spans(files) for digest in span.contradicted]
    is_last, contradicted = _same_bytes(digests, labels, splits == features.EARLIER, listed)
    used = is_last & ~contradicted
    learned = np.unique(labels[used & (splits == features.TRAIN)])
    held_out = np.isin(splits, [features.VALIDATION, features.TEST])
    unseen_class = used & held_out & ~np.isin(labels, learned)
    used &= ~unseen_class

    by_shard = np.split(used, np.cumsum(sizes)[:-1])
    masks = {
        (file.folder, name): mask
        for (file, name, _), mask in zip(shards, by_shard, strict=True)
        if not mask.all()
    }
    repeated = int((~is_last & ~contradicted).sum())
    return UsedRecords(masks, repeated, int(contradicted.sum()), int(unseen_class.sum()))


def _same_bytes(
    digests: npt.NDArray[np.bytes_],
    labels: npt.NDArray[np.int64],
    earlier: Mask,
    listed: Sequence[str],
) -> tuple[Mask, Mask]:
    """Whether each record is the last with its bytes, and whether these have two labels.

    Args:
        digests: of the records, [records], those of the latest span behind the others.
        labels: their numbers, [records].
        earlier: whether they are earlier images, bool [records].
        listed: digests that have two labels by the files, but for earlier images.
    """
    order = np.lexsort((np.arange(len(digests)), digests, earlier))
    digests, labels, earlier = digests[order], labels[order], earlier[order]
    starts = np.ones(len(digests), bool)  # of the records with the same bytes
    starts[1:] = (digests[1:] != digests[:-1]) | (earlier[1:] != earlier[:-1])
    places = np.flatnonzero(starts)
    two_labels = np.minimum.reduceat(labels, places) != np.maximum.reduceat(labels, places)
    is_listed = np.isin(digests[places], np.array(listed, np.bytes_))
    two_labels |= is_listed & ~earlier[places]

    is_last, contradicted = np.empty(len(order), bool), np.empty(len(order), bool)
    is_last[order] = np.append(starts[1:], True)
    contradicted[order] = np.repeat(two_labels, np.diff([*places, len(order)]))
    return is_last, contradicted


def _numbers(labels: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each, the same for the same label."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def _spans(files: Sequence[LabelsFile]) -> Iterator[SpanPart]:
    return (file.span for file in files if file.span is not None)


def _shards(files: Sequence[LabelsFile]) -> Iterator[tuple[LabelsFile, str, list[str]]]:
    """Each shard of a span: its file, its name, the digests of its records."""
    for file in files:
        if file.span is not None:
            for name in sorted(file.span.digests):
                yield file, name, file.span.digests_of(name)
