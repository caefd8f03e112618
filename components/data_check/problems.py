"""Says what is wrong with the data, in a line for each problem."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from modules import features
from modules.errors import InputError
from modules.text import counted

_SHOWN = 5


class AnomalyInfo(Protocol):
    """What is read of ``tensorflow_metadata.proto.v0.anomalies_pb2.AnomalyInfo``."""

    short_description: str
    description: str


def anomalies(split: str, by_feature: Mapping[str, AnomalyInfo]) -> list[str]:
    """A line for each feature of a split that the schema does not allow."""
    return [
        f"{split}: {name}: {info.short_description}: {' '.join(info.description.split())}"
        for name, info in sorted(by_feature.items())
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


def few_test_images(count: int, min_examples: int) -> list[str]:
    """A line if the gate would refuse any candidate because there are too few test images.

    Args:
        count: of test images; ``missing_images`` reports a split without any.
        min_examples: how many the gate asks for.
    """
    if not 0 < count < min_examples:
        return []
    return [
        f"{features.TEST}: {counted(count, 'image')}, and evaluation.min_examples asks for "
        f"{min_examples}"
    ]


def few_other_images(tested: Mapping[str, int], least: int) -> list[str]:
    """A line if so few test images are of other classes that no model could show skill.

    Args:
        tested: by label, how many test images there are.
        least: how many the gate needs of other classes than the commonest.
    """
    count = sum(tested.values())
    if not count or count - max(tested.values()) >= least:
        return []
    commonest = max(tested, key=lambda label: tested[label])
    others = count - tested[commonest]
    return [
        f"{features.TEST}: {counted(others, 'image')} beside the {tested[commonest]:,} of class "
        f"{commonest!r}, and evaluation.no_skill asks for {least}"
    ]


def refuse(lines: Sequence[str], ways: Sequence[str] = ()) -> None:
    """Raises when there is any problem.

    Args:
        lines: what is wrong.
        ways: further remedies for too few images.

    Raises:
        InputError: with the first problems, and how many there are.
    """
    if not lines:
        return
    shown = "; ".join(lines[:_SHOWN])
    rest = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    raise InputError(f"data: training cannot start: {shown}{rest}; {_remedy(lines, ways)}")


def _remedy(lines: Sequence[str], more: Sequence[str]) -> str:
    def named(part: str) -> bool:
        return any(part in line for line in lines)

    ways = ["add or correct images"]
    known = ("no image", "evaluation.min_examples", "evaluation.no_skill")
    if any(map(named, known)):
        ways += [*more, "change the shares in data.splits"]
    if named("evaluation.min_examples"):
        ways.append("lower evaluation.min_examples")
    if named("evaluation.no_skill"):
        ways.append("set evaluation.no_skill to allow")
    if not all(any(part in line for part in known) for line in lines):
        ways.append("change the schema in data.schema")
    return f"{', '.join(ways[:-1])}, or {ways[-1]}" if len(ways) > 1 else ways[0]
