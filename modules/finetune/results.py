"""The results of a schedule: each stage's, and which of them ships."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from modules.intervals import accuracy, gain
from modules.rounding import change, rounded, share, significant


@dataclass
class StageResult:
    """What a stage trained, and how it went; the four lists have an item for each epoch.

    Attributes:
        name: the stage's name.
        blocks: the names of the blocks that it unfroze.
        trained_variables: the full names of what it trained, the head's variables included.
        parameters: how many numbers these variables hold.
        batch_norm: ``statistics`` and ``affine``, as configured.
        epochs: how many epochs it ran.
        seconds: how long it took, in all attempts.
        best_epoch: counted from 1; the stage ends with this epoch's weights.
        stopped_by: ``epochs`` or ``early_stopping``.
        resumed: whether an earlier, interrupted attempt did all or part of it.
        cache: ``embeddings``, ``activations`` or ``none``: what was kept of each image, so that the
            frozen part ran once for it.
        cache_reason: why.
        cache_mb: the size of what was kept, in MB of 2^20 bytes.
        shipped: whether its model is the one that is exported.
        held_out: its best model on the validation split: ``images``, ``accuracy``, ``interval``.
        weight_drift: by block, how far its weights now are from the pretrained ones, as a share of
            their norm; blocks that have not changed are left out.
        earlier: ``images``, and the accuracy on the earlier images ``before`` (null for the first
            stage of an untrained head) and ``after`` the stage; null without earlier images.
        correct: for each validation image, whether the best model's prediction is correct.
    """

    name: str
    blocks: list[str]
    trained_variables: list[str]
    parameters: int
    batch_norm: dict[str, Any]
    epochs: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    stopped_by: str = ""
    resumed: bool = False
    cache: str = "none"
    cache_reason: str = ""
    cache_mb: float = 0.0
    shipped: bool = False
    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    held_out: dict[str, Any] = field(default_factory=dict)
    weight_drift: dict[str, float] = field(default_factory=dict)
    earlier: dict[str, Any] | None = None
    correct: list[bool] = field(default_factory=list)

    @property
    def score(self) -> tuple[float, float]:
        """What stages are ranked by: the best epoch's accuracy, then its negative loss."""
        best = self.best_epoch - 1
        return (self.validation_accuracy[best], -self.validation_loss[best])

    def record(self, trained: tuple[float, float], validated: tuple[float, float]) -> None:
        """Appends an epoch's training and validation results: loss and accuracy of each."""
        self.epochs += 1
        self.train_loss.append(trained[0])
        self.train_accuracy.append(trained[1])
        self.validation_loss.append(validated[0])
        self.validation_accuracy.append(validated[1])

    def finish(self) -> None:
        """Fills in ``held_out``, which follows from ``correct``."""
        estimate = accuracy(self.correct)
        self.held_out = {
            "images": len(self.correct),
            "accuracy": estimate.value,
            "interval": estimate.interval,
        }

    def as_dict(self) -> dict[str, Any]:
        """Returns all attributes, for a checkpoint."""
        return asdict(self)

    def restore(self, state: dict[str, Any]) -> None:
        """Sets all attributes to those that ``as_dict`` returned for a checkpoint."""
        for attribute in fields(self):
            setattr(self, attribute.name, state[attribute.name])

    def as_json(self) -> dict[str, Any]:
        """Returns the record for the history file: rounded, and without ``correct``."""
        record = {key: value for key, value in self.as_dict().items() if key != "correct"}
        for key in ("train_loss", "train_accuracy", "validation_loss"):
            record[key] = [round(value, 6) for value in record[key]]
        n = len(self.correct)
        record["validation_accuracy"] = [rounded(value, n) for value in self.validation_accuracy]
        record["held_out"] = _rounded(self.held_out)
        record["weight_drift"] = {
            block: significant(value) for block, value in self.weight_drift.items()
        }
        if self.earlier:
            record["earlier"] = {
                key: value if value is None else round(value, 6)
                for key, value in self.earlier.items()
            }
        return record


def _rounded(held_out: dict[str, Any]) -> dict[str, Any]:
    if not held_out:
        return {}
    return {**held_out, "accuracy": rounded(held_out["accuracy"], held_out["images"])}


def mark_shipped(results: Sequence[StageResult]) -> StageResult:
    """Marks the best stage, or the earliest of equally good ones, and returns it."""
    best = max(results, key=lambda result: result.score)
    for result in results:
        result.shipped = result is best
    return best


def shipped(results: Sequence[StageResult]) -> dict[str, Any]:
    """Says which stage ships, and whether unfreezing helped.

    The stage that ships is compared with the best stage whose backbone is as it was at the start:
    neither that stage nor one before it unfroze any block. If that stage itself ships, or there is
    none, the comparison is with the best other stage.

    Returns:
        ``stage``; ``images`` of the validation split; ``accuracy`` and its ``interval``;
        ``compared_with``, ``gain`` and ``gain_interval``, null if there is only one stage;
        ``sentence``. All intervals are 95 % intervals, on the images that also chose the stage.
    """
    best = next(result for result in results if result.shipped)
    others = [result for result in results if result is not best]
    unchanged = list(itertools.takewhile(lambda result: not result.blocks, results))
    frozen = [result for result in unchanged if best not in unchanged]
    other = max(frozen or others, key=lambda result: result.score, default=None)
    shipped_stage = {"stage": best.name, **_rounded(best.held_out)}
    n = best.held_out["images"]
    ships = f"{best.name} ships: accuracy {share(best.held_out['accuracy'], n)}"
    ships += f" on {n} validation images"
    if other is None:
        compared = {"compared_with": None, "gain": None, "gain_interval": None}
        return {**shipped_stage, **compared, "sentence": f"{ships}; there is no other stage"}
    more = gain(best.correct, other.correct)
    return {
        **shipped_stage,
        "compared_with": other.name,
        "gain": rounded(more.value, n),
        "gain_interval": more.interval,
        "sentence": f"{ships}, {change(more.value, n)} over {other.name} "
        f"(95 % interval {change(more.low, n)} to {change(more.high, n)})",
    }
