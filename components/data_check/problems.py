"""What is wrong with the data, in words."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from modules import features
from modules.errors import InputError

_SHOWN = 5


class AnomalyInfo(Protocol):
    """What is read of ``tensorflow_metadata.proto.v0.anomalies_pb2.AnomalyInfo``."""

    short_description: str
    description: str


def anomalies(split: str, found: Mapping[str, AnomalyInfo]) -> list[str]:
    """A line for each feature of a split that the schema does not allow."""
    return [
        f"{split}: {name}: {info.short_description}: {' '.join(info.description.split())}"
        for name, info in sorted(found.items())
    ]


def missing_images(splits: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each split without images, and for each class that train does not hold.

    Args:
        splits: split to label to count.
    """
    empty = [
        f"{split}: no image at all" for split, counts in splits.items() if not any(counts.values())
    ]
    unseen = [
        f"{features.TRAIN}: no image of class {label!r}"
        for label, count in splits[features.TRAIN].items()
        if count == 0
    ]
    return empty + unseen


def refuse(found: Sequence[str]) -> None:
    """Raises when there is any problem.

    Raises:
        InputError: with the first problems, and how many there are.
    """
    if not found:
        return
    shown = "; ".join(found[:_SHOWN])
    rest = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise InputError(
        f"data: it may not be trained on: {shown}{rest}; add or correct images, or change the "
        "shares in data.splits or the schema in data.schema"
    )
