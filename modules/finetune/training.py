"""Runs the unfreeze schedule, stage by stage; it does not depend on TFX."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modules.finetune.checkpoints import Checkpoint, chained_keys
from modules.finetune.context import TrainingContext
from modules.finetune.results import StageResult, mark_shipped
from modules.finetune.saved_weights import SavedWeights
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.stage_run import StageRun
from modules.finetune.weight_drift import Weights, pretrained_weights, weight_drift
from modules.progress import report


def fit(
    context: TrainingContext,
    planned: Sequence[PlannedStage],
    pretrained: Weights | None = None,
) -> list[StageResult]:
    """Runs the schedule and leaves the model with the weights of its best stage.

    Each stage starts from the best epoch's weights of the stage before. The best stage is the one
    with the highest validation accuracy, and of equals the one with the lower validation loss. With
    ``context.checkpoints``, a run that was killed goes on after its last complete epoch, and the
    state after a stage is reused by every schedule that begins with the same stages.

    Args:
        context: the model, which starts from its present weights, the data and the options.
        planned: the stages.
        pretrained: the backbone's weights before any training, as ``pretrained_weights`` returns
            them, if the present ones are not these: L2-SP and ``weight_drift`` measure from them.

    Raises:
        InputError: when the loss is no longer finite.
    """
    warm = pretrained is not None
    pretrained = pretrained_weights(context.blocks) if pretrained is None else pretrained
    shipping = SavedWeights(context.model.everything)
    keys = chained_keys(stage.stage.model_dump_json() for stage in planned)

    def checkpoint_after(number: int) -> Checkpoint:
        folder = _subfolder(context.checkpoints, f"after-{keys[number]}")
        return Checkpoint(
            folder,
            writes=context.strategy.is_chief,
            live=context.model.everything,
            shipping=shipping.copies,
        )

    if context.strategy.is_chief:
        _remove_others(context.checkpoints, keys)
    data = StageData(context, planned)
    results = _resume([checkpoint_after(number) for number in range(len(planned))])
    context.strategy.synchronize(len(results), context.checkpoints)
    for number, stage in enumerate(planned):
        if number < len(results):
            continue
        folder = _subfolder(context.checkpoints, f"in-{keys[number]}")
        data.release_before(number)
        run = StageRun(context, stage, number, data=data, pretrained=pretrained, folder=folder)
        accuracy_before = _accuracy_before(context, results, warm)
        result = run.run()
        result.weight_drift = weight_drift(context.blocks, pretrained)
        result.earlier = _evaluate_earlier(context, accuracy_before)
        results.append(result)
        if mark_shipped(results) is result:
            shipping.save()
        checkpoint_after(number).save({"results": [result.as_dict() for result in results]})
        run.forget()
    data.release_before(len(planned))
    shipping.restore()
    return results


def _resume(checkpoints: Sequence[Checkpoint]) -> list[StageResult]:
    """Restores the stages that an earlier attempt completed, and the model's weights after them."""
    notes = (checkpoint.restore() for checkpoint in reversed(checkpoints))
    latest: dict[str, Any] = next((note for note in notes if note is not None), {"results": []})
    results = []
    for values in latest["results"]:
        result = StageResult(**{**values, "resumed": True})
        report(
            f"trainer stage={result.name} was done before the run was interrupted",
            done=result.epochs,
            total=result.epochs,
            note=f"{result.name}: done before",
        )
        results.append(result)
    return results


def _accuracy_before(
    context: TrainingContext, earlier_results: Sequence[StageResult], warm: bool
) -> float | None:
    """Returns the accuracy on the earlier images before a stage; None for an untrained head."""
    if context.earlier is None:
        return None
    if earlier_results:
        last = earlier_results[-1].earlier
        return float(last["after"]) if last else None
    return (
        context.evaluate(context.earlier.pixels, context.earlier.labels).accuracy if warm else None
    )


def _evaluate_earlier(context: TrainingContext, before: float | None) -> dict[str, Any] | None:
    """Returns the accuracy on the earlier images, before and after the stage that just ended."""
    if context.earlier is None:
        return None
    evaluated = context.evaluate(context.earlier.pixels, context.earlier.labels)
    return {"images": len(evaluated.correct), "before": before, "after": evaluated.accuracy}


def _remove_others(folder: Path | None, keys: Sequence[str]) -> None:
    """Removes the checkpoints of stages that are no longer part of the schedule."""
    for path in folder.glob("*-*") if folder else ():
        if path.name.rpartition("-")[2] not in keys:
            shutil.rmtree(path, ignore_errors=True)


def _subfolder(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder else None
