"""A run that is interrupted at any epoch ends with the weights of one that was not."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules.finetune import checkpoints
from modules.finetune.checkpoints import Checkpoint
from modules.finetune.results import StageResult
from modules.images.batches import TrainingBatches
from modules.images.feature_cache import Table
from modules.settings import Stage
from tests.modules.bench import Bench, stage

STAGES: list[Stage] = [
    stage(name="head", epochs=2, dropout=0.2),
    stage(
        name="partial",
        unfreeze={"last": 2},
        epochs=3,
        optimizer="adamw",
        ema=0.9,
        learning_rate={"peak": 1e-3, "warmup_epochs": 1, "decay": "cosine"},
        augmentation={"crop": 0.8, "mixup": 0.2},
        layer_decay=0.5,
    ),
    stage(name="full", unfreeze="all", epochs=2, optimizer="sgd", learning_rate=0.01),
]


class Killed(BaseException):
    """Stands in for a signal."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ends the attempt at the beginning of these epochs, counted over all attempts."""
    at: list[int] = []
    begun = 0
    begin = TrainingBatches.epoch

    def epoch(
        self: TrainingBatches, number: int, table: Table, *, pixels: bool = True
    ) -> tf.data.Dataset:
        nonlocal begun
        begun += 1
        if begun in at:
            raise Killed
        return begin(self, number, table, pixels=pixels)

    monkeypatch.setattr(TrainingBatches, "epoch", epoch)
    return at


def attempts(folder: Path) -> tuple[Bench, list[StageResult], int]:
    """Tries until an attempt comes through; gives its bench, results and number."""
    for number in range(1, 20):
        bench = Bench(checkpoints=folder)
        try:
            return bench, bench.fit(*STAGES), number
        except Killed:
            continue
    raise AssertionError("no attempt came through")


def test_an_interrupted_run_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, kill: list[int]
) -> None:
    whole = Bench()
    expected = whole.fit(*STAGES)
    begun = sum(result.epochs for result in expected)
    # First epoch of all, within a stage, first of a stage, twice in a row, last of all.
    kill += [begun + place for place in (1, 3, 5, 6, 9, 12)]
    bench, results, number = attempts(tmp_path)
    assert number == 7
    for name, value in whole.weights().items():
        np.testing.assert_allclose(bench.weights()[name], value, rtol=0, atol=1e-6)
    for result, other in zip(results, expected, strict=True):
        assert result.resumed
        assert not other.resumed
        assert result.epochs == other.epochs
        assert result.best_epoch == other.best_epoch
        assert result.shipped == other.shipped
        np.testing.assert_allclose(result.validation_loss, other.validation_loss, atol=1e-5)


def test_a_stages_checkpoint_is_removed_when_it_is_done(tmp_path: Path) -> None:
    Bench(checkpoints=tmp_path).fit(*STAGES[:2])
    left = [path.name for path in tmp_path.iterdir()]
    assert len(left) == 2
    assert all(name.startswith("after-") for name in left)


def test_after_a_change_only_the_changed_stage_and_later_ones_train_again(
    tmp_path: Path, kill: list[int]
) -> None:
    kill.append(6)
    with pytest.raises(Killed):
        Bench(checkpoints=tmp_path).fit(*STAGES)
    changed = stage(name="full", unfreeze="all", epochs=1, learning_rate=1e-4)
    bench = Bench(checkpoints=tmp_path)
    results = bench.fit(STAGES[0], STAGES[1], changed)
    assert [result.resumed for result in results] == [True, True, False]
    other = stage(name="head", epochs=1, learning_rate=0.5)
    assert not any(result.resumed for result in Bench(checkpoints=tmp_path).fit(other))


def test_an_early_stage_is_not_trained_again_because_a_middle_one_was_changed(
    tmp_path: Path, kill: list[int]
) -> None:
    kill.append(6)
    with pytest.raises(Killed):
        Bench(checkpoints=tmp_path).fit(*STAGES)
    changed = stage(name="partial", unfreeze={"last": 1})
    results = Bench(checkpoints=tmp_path).fit(STAGES[0], changed, STAGES[2])
    assert [result.resumed for result in results] == [True, False, False]
    # What belonged to the stages as they were is gone.
    assert len(list(tmp_path.glob("after-*"))) == 3


def test_only_the_work_of_a_damaged_checkpoint_is_done_again(
    tmp_path: Path, kill: list[int]
) -> None:
    whole = Bench()
    whole.fit(*STAGES)
    kill.append(sum(earlier.epochs for earlier in STAGES) + 5)
    with pytest.raises(Killed):
        Bench(checkpoints=tmp_path).fit(*STAGES)
    (data,) = tmp_path.glob("in-*/*.data-*")
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    bench = Bench(checkpoints=tmp_path)
    results = bench.fit(*STAGES)
    assert [result.resumed for result in results] == [True, False, False]
    np.testing.assert_allclose(bench.model.head[0], whole.model.head[0], rtol=0, atol=1e-6)


def test_a_checkpoint_restores_variables_and_note_together(tmp_path: Path) -> None:
    variable = tf.Variable([1.0, 2.0])
    Checkpoint(tmp_path, live=[variable]).save({"epoch": 3})
    other = tf.Variable([0.0, 0.0])
    kept = Checkpoint(tmp_path, live=[other])
    assert kept.restore() == {"epoch": 3}
    assert other.numpy().tolist() == [1.0, 2.0]
    kept.remove()
    assert Checkpoint(tmp_path, live=[other]).restore() is None


def test_without_a_folder_nothing_is_kept() -> None:
    nothing = Checkpoint(None, live=[tf.Variable(1.0)])
    nothing.save({"epoch": 1})
    assert nothing.restore() is None


def test_checkpoints_of_abandoned_tasks_do_not_accumulate(tmp_path: Path) -> None:
    for number, name in enumerate("abcde"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (number, number))
    checkpoints.remove_abandoned(tmp_path / "b", keep=2)
    assert {path.name for path in tmp_path.iterdir()} == {"b", "d", "e"}


def test_the_key_of_checkpoints_sees_texts_and_which_shards_there_are(tmp_path: Path) -> None:
    shard = tmp_path / "root" / "ImageExampleGen" / "examples" / "5" / "Split-train" / "images"
    shard.parent.mkdir(parents=True)
    shard.write_bytes(b"records")

    def key(text: str = "config", *, of: Path = shard) -> str:
        return checkpoints.fingerprint([text], [str(of)])

    first = key()
    assert key("other") != first
    moved = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "root", moved)
    assert key(of=moved / shard.relative_to(tmp_path / "root")) == first
    execution = shard.parents[1]
    shutil.copytree(execution, execution.with_name("6"))
    assert key(of=execution.with_name("6") / "Split-train" / "images") != first
    shard.write_bytes(b"more records")
    assert key() != first
