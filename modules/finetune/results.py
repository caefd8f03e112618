"""What a schedule did: each stage, and which of them ships."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from modules.finetune.comparison import accuracy, gain
from modules.rounding import change, rounded, share, significant


@dataclass
class StageResult:
    """What a stage trained and how it went; the four lists hold a number for each epoch.

    Attributes:
        name: the stage's.
        blocks: what it unfroze.
        trained_variables: full names, the head's included.
        parameters: how many numbers they hold.
        batch_norm: ``statistics`` and ``affine``, as configured.
        epochs: how many it ran.
        seconds: how long it took, in all attempts.
        best_epoch: counted from 1; its weights are what the stage ends with.
        stopped_by: ``epochs`` or ``early_stopping``.
        resumed: whether all or part of it was taken over from an attempt that was interrupted.
        cache: ``embeddings``, ``activations`` or ``none``: what of each image was kept, so that the
            frozen part ran once for it.
        cache_reason: why.
        cache_mb: what that weighed, of 2^20 bytes.
        shipped: whether its model is the one that is exported.
        held_out: its best model on the validation split: ``images``, ``accuracy``, ``interval``.
        moved: by block, how far its weights now are from the pretrained ones, as a share of
            their norm; blocks that have not moved are left out.
        earlier: ``images``, and the accuracy on the earlier images ``before`` (null for a first
            stage, whose head knows nothing yet) and ``after`` the stage; null where none are named.
        hits: for each validation image whether the best model is right.
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
    moved: dict[str, float] = field(default_factory=dict)
    earlier: dict[str, Any] | None = None
    hits: list[bool] = field(default_factory=list)

    @property
    def score(self) -> tuple[float, float]:
        """What stages are ranked by: the accuracy of the best epoch, then its loss."""
        at = self.best_epoch - 1
        return (self.validation_accuracy[at], -self.validation_loss[at])

    def record(self, trained: tuple[float, float], validated: tuple[float, float]) -> None:
        """Adds an epoch's losses and accuracies."""
        self.epochs += 1
        self.train_loss.append(trained[0])
        self.train_accuracy.append(trained[1])
        self.validation_loss.append(validated[0])
        self.validation_accuracy.append(validated[1])

    def finish(self) -> None:
        """Fills in what follows from ``hits``."""
        found = accuracy(self.hits)
        self.held_out = {
            "images": len(self.hits),
            "accuracy": found.value,
            "interval": found.interval,
        }

    def as_note(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return asdict(self)

    def take(self, note: dict[str, Any]) -> None:
        """Takes over all that a checkpoint's note says."""
        for one in fields(self):
            setattr(self, one.name, note[one.name])

    def as_json(self) -> dict[str, Any]:
        """For the history file: without the single hits, and with numbers to six places."""
        note = {key: value for key, value in self.as_note().items() if key != "hits"}
        for key in ("train_loss", "train_accuracy", "validation_loss"):
            note[key] = [round(value, 6) for value in note[key]]
        n = len(self.hits)
        note["validation_accuracy"] = [rounded(value, n) for value in self.validation_accuracy]
        note["held_out"] = _rounded(self.held_out)
        note["moved"] = {block: significant(value) for block, value in self.moved.items()}
        if self.earlier:
            note["earlier"] = {
                key: value if value is None else round(value, 6)
                for key, value in self.earlier.items()
            }
        return note


def _rounded(held_out: dict[str, Any]) -> dict[str, Any]:
    if not held_out:
        return {}
    return {**held_out, "accuracy": rounded(held_out["accuracy"], held_out["images"])}


def mark_shipped(results: Sequence[StageResult]) -> StageResult:
    """Marks the best stage, the earliest among equals, and returns it."""
    best = max(results, key=lambda result: result.score)
    for result in results:
        result.shipped = result is best
    return best


def shipped(results: Sequence[StageResult]) -> dict[str, Any]:
    """Which stage ships, and whether unfreezing helped.

    It is compared with the best stage whose backbone is still the pretrained one, since neither it
    nor a stage before it unfroze any; where that one ships or there is none, with the best of the
    others.

    Returns:
        ``stage``; ``images`` of the validation split; ``accuracy`` and its ``interval``;
        ``compared_with``, ``gain`` and ``gain_interval``, null where there is one stage alone;
        ``sentence``. All intervals are of 95 %, on the images that also chose the stage.
    """
    best = next(result for result in results if result.shipped)
    others = [result for result in results if result is not best]
    pretrained = list(itertools.takewhile(lambda result: not result.blocks, results))
    frozen = [result for result in pretrained if best not in pretrained]
    other = max(frozen or others, key=lambda result: result.score, default=None)
    found = {"stage": best.name, **_rounded(best.held_out)}
    n = best.held_out["images"]
    ships = f"{best.name} ships: accuracy {share(best.held_out['accuracy'], n)}"
    ships += f" on {n} validation images"
    if other is None:
        compared = {"compared_with": None, "gain": None, "gain_interval": None}
        return {**found, **compared, "sentence": f"{ships}; there is no other stage"}
    more = gain(best.hits, other.hits)
    return {
        **found,
        "compared_with": other.name,
        "gain": rounded(more.value, n),
        "gain_interval": more.interval,
        "sentence": f"{ships}, {change(more.value, n)} over {other.name} "
        f"(95 % interval {change(more.low, n)} to {change(more.high, n)})",
    }
