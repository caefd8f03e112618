"""Which records of several spans are used: the same bytes count once, and have one label.

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
    """

    masks: Mapping[tuple[str, str], Mask] = field(default_factory=dict)
    repeated: int = 0
    contradicted: int = 0


def find(files: Sequence[LabelsFile]) -> UsedRecords:
    """Finds the records that are used when some artifacts are read together.

    Of records with the same bytes, only that of the latest span is used. Bytes that have two
    labels, or that one of the spans has withdrawn, are not used at all. Earlier images, which are
    never trained on, are looked at apart from the others.

    Args:
        files: of all the artifacts, in any order; those of data without spans are used whole.
    """
    shards = list(_shards(sorted(files, key=lambda file: file.order)))
    if not any(digests for _, _, _, digests in shards):
        return UsedRecords()
    sizes = [len(digests) for *_, digests in shards]
    digests = np.array([digest for *_, of_shard in shards for digest in of_shard], np.bytes_)
    labels = _numbers([f.labels[i] for f, name, *_ in shards for i in f.shards[name]])
    earlier = np.repeat([is_earlier for _, _, is_earlier, _ in shards], sizes)

    # Records of the same bytes stand together, the one to use behind the others.
    order = np.lexsort((np.arange(len(digests)), digests, earlier))
    digests, labels, earlier = digests[order], labels[order], earlier[order]
    starts = np.ones(len(digests), bool)
    starts[1:] = (digests[1:] != digests[:-1]) | (earlier[1:] != earlier[:-1])
    places = np.flatnonzero(starts)
    lengths = np.diff([*places, len(digests)])
    two_labels = np.minimum.reduceat(labels, places) != np.maximum.reduceat(labels, places)
    withdrawn = np.array([d for span in _spans(files) for d in span.withdrawn], np.bytes_)
    two_labels |= np.isin(digests[places], withdrawn) & ~earlier[places]

    is_last = np.append(starts[1:], True)
    contradicted = np.repeat(two_labels, lengths)
    used = np.empty(len(digests), bool)
    used[order] = is_last & ~contradicted
    by_shard = np.split(used, np.cumsum(sizes)[:-1])
    masks = {
        (file.folder, name): mask
        for (file, name, *_), mask in zip(shards, by_shard, strict=True)
        if not mask.all()
    }
    repeated = int((~is_last & ~contradicted).sum())
    return UsedRecords(masks, repeated, int(contradicted.sum()))


def _numbers(labels: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for each, the same for the same label."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def _spans(files: Sequence[LabelsFile]) -> Iterator[SpanPart]:
    return (file.span for file in files if file.span is not None)


def _shards(files: Sequence[LabelsFile]) -> Iterator[tuple[LabelsFile, str, bool, list[str]]]:
    """Each shard of a span: its file, its name, whether it is of earlier images, its digests."""
    for file in files:
        if file.span is not None:
            for name in sorted(file.span.digests):
                is_earlier = split_of(name) == features.EARLIER
                yield file, name, is_earlier, file.span.digests_of(name)
