"""An image as its source lists it, before it is decoded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.image_example_gen.split_names import split_named
from modules import features
from modules.errors import InputError
from modules.text import counted, quoted

NO_LABEL = "no label"


@dataclass(frozen=True)
class ImageFile:
    """What may be an image.

    Attributes:
        path: of its file, local or an address; of a shard's record, of the shard.
        name: for people, and the same wherever the data lies: its path below the data's folder,
            with ``/``, as valid Unicode.
        label: the class.
        size: bytes; 0 if unknown, as for a dangling link.
        split: the one that the data names; None if it names none.
        group: all images of a group are in one split; empty for none.
        columns: further columns of the data, by name.
        record: its place in a shard, from 0; None for a file of its own.
        digest: sha256 of its content, hexadecimal, if it has been read.
        problem: why it cannot be used; empty if nothing is wrong so far.
    """

    path: str
    name: str
    label: str
    size: int = 0
    split: str | None = None
    group: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    record: int | None = None
    digest: str = ""
    problem: str = ""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "ImageFile":
        """An image from its ``vars`` after a way through JSON, which has no tuples."""
        columns = tuple((name, value) for name, value in fields["columns"])
        return cls(**{**fields, "columns": columns})


def is_remote(path: str) -> bool:
    """Whether a path is an address, such as ``gs://bucket/photos``."""
    return "://" in path


def problem_of_label(label: str) -> str:
    """Why a text cannot be a class; empty if it can."""
    if not label:
        return NO_LABEL
    try:
        label.encode()
    except UnicodeEncodeError:
        return "the label is no valid Unicode"
    return "the label has more than one line" if any(ord(c) < 32 for c in label) else ""


def check_classes(files: Sequence[ImageFile], where: str, min_classes: int) -> None:
    """Refuses data of fewer classes than must be.

    Args:
        files: all of them.
        where: the config's key and what it names, for the message.
        min_classes: how many classes there must be.

    Raises:
        InputError: with the number of classes.
    """
    classes = sorted({file.label for file in files if not file.problem})
    splits = {split_named(label) for label in classes}
    if features.TRAIN in splits and len(splits) > 1 and None not in splits:
        raise InputError(
            f"{where}: the labels are {quoted(classes)}, as splits are called; name the label's "
            "column in data.label_column, or rename the classes"
        )
    if len(classes) >= min_classes:
        return
    bad = Counter(file.problem.partition(":")[0] for file in files if file.problem)
    why = "".join(f"; {count:,} of {len(files):,}: {kind}" for kind, count in bad.most_common(2))
    shown = f", {quoted(classes)}" if classes else ""
    raise InputError(
        f"{where} holds images of {counted(len(classes), 'class', 'classes')}{shown}, and at least "
        f"{min_classes} are needed{why}: add images of another, or correct the labels"
    )
