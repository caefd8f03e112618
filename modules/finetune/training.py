"""Runs the unfreeze schedule, stage by stage. Knows nothing of TFX."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modules.finetune import weight_drift
from modules.finetune.checkpoints import Checkpoint, chain
from modules.finetune.context import TrainingContext
from modules.finetune.results import StageResult, mark_shipped
from modules.finetune.saved_weights import Snapshot
from modules.finetune.schedule import PlannedStage
from modules.finetune.stage_data import StageData
from modules.finetune.stage_run import StageRun
from modules.progress import report


def fit(task: TrainingContext, planned: Sequence[PlannedStage]) -> list[StageResult]:
    """Runs the schedule and leaves in the model the weights of its best stage.

    Each stage starts from the weights of the best epoch of the one before. The best stage is the
    one of the highest validation accuracy, of the lower validation loss among equals. With
    ``task.checkpoints`` a run that was killed goes on after its last whole epoch; the state after a
    stage serves every schedule that begins with the same stages.

    Raises:
        InputError: when the loss is no longer finite.
    """
    pretrained = weight_drift.pretrained_weights(task.blocks)
    shipping = Snapshot(task.model.everything)
    keys = chain(stage.stage.model_dump_json() for stage in planned)

    def after(number: int) -> Checkpoint:
        folder = _below(task.checkpoints, f"after-{keys[number]}")
        return Checkpoint(
            folder,
            writes=task.distribution.is_chief,
            live=task.model.everything,
            shipping=shipping.copies,
        )

    if task.distribution.is_chief:
        _remove_others(task.checkpoints, keys)
    data = StageData(task, planned)
    results = _resume([after(number) for number in range(len(planned))])
    task.distribution.agree(len(results), task.checkpoints)
    for number, stage in enumerate(planned):
        if number < len(results):
            continue
        folder = _below(task.checkpoints, f"in-{keys[number]}")
        data.release_before(number)
        run = StageRun(task, stage, number, data, pretrained, folder)
        result = run.run()
        result.moved = weight_drift.moved(task.blocks, pretrained)
        result.earlier = _earlier(task, results)
        results.append(result)
        if mark_shipped(results) is result:
            shipping.take()
        after(number).save({"results": [one.as_note() for one in results]})
        run.forget()
    data.release_before(len(planned))
    shipping.give_back()
    return results


def _resume(states: Sequence[Checkpoint]) -> list[StageResult]:
    """The stages that an earlier attempt had finished; the model gets their weights."""
    notes = (state.restore() for state in reversed(states))
    note: dict[str, Any] = next((note for note in notes if note is not None), {"results": []})
    results = []
    for one in note["results"]:
        report(
            f"trainer stage={one['name']} was done before the run was interrupted",
            done=one["epochs"],
            total=one["epochs"],
            note=f"{one['name']}: done before",
        )
        results.append(StageResult(**{**one, "resumed": True}))
    return results


def _earlier(task: TrainingContext, before: Sequence[StageResult]) -> dict[str, Any] | None:
    """Accuracy on the earlier images, before and after the stage that has just ended."""
    if task.earlier is None:
        return None
    measured = task.measure(task.earlier.pixels, task.earlier.labels)
    last = before[-1].earlier if before else None
    return {
        "images": len(measured.hits),
        "before": last["after"] if last else None,
        "after": measured.accuracy,
    }


def _remove_others(folder: Path | None, keys: Sequence[str]) -> None:
    """Removes what belongs to no stage of this schedule: left by one that was changed since."""
    for path in folder.glob("*-*") if folder else ():
        if path.name.rpartition("-")[2] not in keys:
            shutil.rmtree(path, ignore_errors=True)


def _below(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder else None
