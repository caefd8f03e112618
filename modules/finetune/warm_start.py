"""Starts a training from the weights of a served model, if they mean the same in the new one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules import model_layout
from modules.backbones.blocks.blocks import full_name
from modules.finetune import model_record
from modules.finetune.classifier import Classifier
from modules.finetune.model_record import Base, ModelRecord, VariableRecord
from modules.settings import HeadOptions, ImageSpec, LinearHead, MlpHead
from modules.text import counted, quoted

Values = npt.NDArray[Any]

# How much less than the least bias of the kept classes a new class's bias is.
_BELOW = 1.0
_SHOWN = 3  # labels in a message


@dataclass(frozen=True)
class Outcome:
    """How a training began; the summary shows it.

    Attributes:
        warm: whether it starts from the base's weights.
        version: the base's number; None for none.
        sha256: digest of the base's weights and their record; empty for none.
        reason: why it starts from there, or why it does not.
        new_labels: classes that the base does not know; empty for a cold start, as the next.
        removed_labels: classes that only the base knows.
    """

    warm: bool
    version: int | None
    sha256: str
    reason: str
    new_labels: tuple[str, ...] = ()
    removed_labels: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the history file."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence, for the log."""
        return f"warm start: {self.reason}" if self.warm else f"cold start: {self.reason}"


class UnfitError(Exception):
    """A base does not fit the new model; the text says why, with the base as its subject."""


def record_of(
    model: Classifier, image: ImageSpec, head: HeadOptions, start: model_record.Start | None
) -> ModelRecord:
    """What a later training must know of a model to start from its weights."""
    return ModelRecord(
        backbone=model.backbone.sha256,
        image=image,
        head=head,
        variables=tuple(
            VariableRecord(
                name=full_name(variable), shape=tuple(variable.shape), dtype=variable.dtype.name
            )
            for variable in model.everything
        ),
        start=start,
    )


def begin(
    model: Classifier, labels: Sequence[str], own: ModelRecord, base: Base, folder: Path
) -> Outcome:
    """Gives a new model the weights of a base, or leaves it as it is if the base does not fit.

    Args:
        model: as built: the pretrained backbone and a new head.
        labels: its classes, in the order of their indices.
        own: the model's own record.
        base: which model is offered.
        folder: the offered model's files: its record, its labels and its checkpoint.
    """
    if not base.sha256:
        return Outcome(False, base.version, base.sha256, base.reason)
    try:
        values, before = read_base(folder, own, labels)
    except UnfitError as problem:
        reason = f"version {base.version} {problem}"
        return Outcome(False, base.version, base.sha256, reason)
    if list(labels) != before:
        values[:2] = with_classes_of(values[0], values[1], before, labels)
    for variable, value in zip(model.everything, values, strict=True):
        variable.assign(value)
    new = tuple(label for label in labels if label not in before)
    removed = tuple(label for label in before if label not in labels)
    reason = base.reason + _about_labels("new to it", new) + _about_labels("dropped", removed)
    return Outcome(True, base.version, base.sha256, reason, new, removed)


def read_base(
    folder: Path, own: ModelRecord, labels: Sequence[str]
) -> tuple[list[Values], list[str]]:
    """Reads the values of a base's variables without loading or running its graph.

    Args:
        folder: as for ``begin``.
        own: the new model's record, which the base must fit.
        labels: the new model's classes.

    Returns:
        The values in the order of ``Classifier.everything``, and the base's labels.

    Raises:
        UnfitError: when the base is not Thaw's, is damaged, or does not fit.
    """
    try:
        record = model_record.read(folder)
        before = model_layout.read_labels(folder)
    except FileNotFoundError as error:
        name = Path(error.filename or "").name
        raise UnfitError(
            f"has no {name}, so it is not Thaw's, or an earlier Thaw exported it"
        ) from None
    except (OSError, ValueError) as error:  # UnicodeDecodeError is one.
        raise UnfitError(f"is damaged: {error}") from None
    _check_fits(record, before, own, labels)
    try:
        reader = tf.train.load_checkpoint(str(folder / model_layout.VARIABLES))
        values = [
            np.asarray(reader.get_tensor(f"variables_in_use/{number}/.ATTRIBUTES/VARIABLE_VALUE"))
            for number in range(len(record.variables))
        ]
    # The reader raises whatever the C++ status is mapped to.
    except (tf.errors.OpError, IndexError, KeyError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnfitError(f"is damaged: its variables cannot be read ({reason})") from None
    for value, variable in zip(values, record.variables, strict=True):
        if value.shape != variable.shape or value.dtype.name != variable.dtype:
            raise UnfitError(f"is damaged: {variable.name} is not as its record says")
    return values, before


def _check_fits(
    record: ModelRecord, before: Sequence[str], own: ModelRecord, labels: Sequence[str]
) -> None:
    """Raises ``UnfitError`` if a base's weights would mean something else in the new model."""
    if record.backbone != own.backbone:
        raise UnfitError("was trained from another backbone")
    images = record.image.model_dump()
    differing = [key for key, value in own.image.model_dump().items() if images[key] != value]
    if differing:
        raise UnfitError(f"sees images otherwise: its {differing[0]} is {images[differing[0]]}")
    if _architecture(record.head) != _architecture(own.head):
        raise UnfitError("has another head")
    relabelled = list(before) != list(labels)
    if relabelled and not isinstance(own.head, LinearHead | MlpHead):
        raise UnfitError(f"has other classes, and a head of your own ({own.head.name}) keeps its")
    if not set(before) & set(labels):
        raise UnfitError("has none of the classes")
    expected = list(own.variables)
    if relabelled:
        for place in (0, 1):  # Kernel and bias of the last layer: classes are the last dimension.
            shape = (*expected[place].shape[:-1], len(before))
            expected[place] = expected[place].model_copy(update={"shape": shape})
    if list(record.variables) != expected:
        raise UnfitError("has other variables")


def _architecture(head: HeadOptions) -> dict[str, Any]:
    """What a head's variables depend on: all of its options but a known head's dropout."""
    known = isinstance(head, LinearHead | MlpHead)
    return head.model_dump(exclude={"dropout"} if known else set())


def with_classes_of(
    kernel: Values, bias: Values, before: Sequence[str], labels: Sequence[str]
) -> list[Values]:
    """A last layer for other classes: what is known of the kept ones, nothing of the new ones.

    A new class has zeros in the kernel, and a bias below the least of the kept classes: at first it
    is less likely than each of them for an image without evidence, and its gradients are those of
    an untrained class.

    Args:
        kernel: float [features, len(before)].
        bias: float [len(before)].
        before: the labels of the columns.
        labels: those of the result; at least one of them is in ``before``.

    Returns:
        The kernel, [features, len(labels)], and the bias, [len(labels)].
    """
    column = {label: number for number, label in enumerate(before)}
    kept = [(number, column[label]) for number, label in enumerate(labels) if label in column]
    to, of = (list(numbers) for numbers in zip(*kept, strict=True))
    new_kernel = np.zeros((kernel.shape[0], len(labels)), kernel.dtype)
    new_bias = np.full(len(labels), bias[of].min() - _BELOW, bias.dtype)
    new_kernel[:, to], new_bias[to] = kernel[:, of], bias[of]
    return [new_kernel, new_bias]


def _about_labels(what: str, labels: Sequence[str]) -> str:
    if not labels:
        return ""
    return f"; {counted(len(labels), 'class', 'classes')} {what}: {quoted(labels, _SHOWN)}"
