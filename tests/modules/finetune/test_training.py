"""What a stage changes and what it leaves alone, on the backbone that ships and a few digits."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context  # The only way to the graph as it ran.

from modules.backbones.blocks import blocks
from modules.errors import InputError
from modules.finetune import schedule, steps
from modules.finetune.forward import inference_forward
from modules.finetune.optimizers import StageOptimizer
from modules.finetune.unfrozen import unfreeze
from modules.settings import Finetune
from tests.modules.bench import SPEC, TRAIN, VALIDATION, Bench, changed, digit_images, stage

pytestmark = pytest.mark.kernels

HEAD = {"head/kernel", "head/bias"}


@pytest.mark.parametrize(
    ("unfreeze", "blocks_changed"),
    [
        ("none", set[str]()),
        ({"last": 1}, {"block_4"}),
        ({"fraction": 0.4}, {"block_3", "block_4"}),
        ({"match": ["^block_1$", "^block_3$"]}, {"block_1", "block_3"}),
        ("all", {"stem", "block_1", "block_2", "block_3", "block_4"}),
    ],
)
def test_only_the_unfrozen_blocks_change_and_statistics_never(
    unfreeze: object, blocks_changed: set[str]
) -> None:
    bench = Bench()
    before = bench.weights()
    (result,) = bench.fit(stage(unfreeze=unfreeze))
    names = changed(before, bench.weights())
    assert names == set(result.trained_variables)
    assert {blocks.block_name(name) for name in names - HEAD} == blocks_changed
    assert set(result.blocks) == set(result.weight_drift) == blocks_changed
    assert not any("moving" in name for name in names)
    head = 96 * 10 + 10
    assert result.parameters == head + sum(
        block.parameters for block in bench.blocks if block.name in blocks_changed
    )


def test_statistics_change_only_in_unfrozen_blocks_and_only_where_the_stage_says_so() -> None:
    bench = Bench()
    before = bench.weights()
    policy = {"statistics": "update"}
    (result,) = bench.fit(stage(unfreeze={"last": 2}, batch_norm=policy))
    moving = {name for name in changed(before, bench.weights()) if "moving" in name}
    assert moving == {
        f"block_{number}_bn/moving_{kind}" for number in (3, 4) for kind in ("mean", "variance")
    }
    assert result.batch_norm["statistics"] == "update"


def test_scales_and_offsets_stay_where_the_stage_freezes_them() -> None:
    bench = Bench()
    before = bench.weights()
    (result,) = bench.fit(stage(unfreeze={"last": 2}, batch_norm={"affine": "frozen"}))
    assert changed(before, bench.weights()) == HEAD | {"block_3_conv/kernel", "block_4_conv/kernel"}
    assert result.batch_norm == {"statistics": "frozen", "affine": "frozen", "momentum": 0.99}


def convolution_gradients(bench: Bench, unfrozen: object) -> int:
    """Counts the convolution filters whose gradients a step computes when it runs."""
    rule = stage(unfreeze=unfrozen)
    (planned,) = schedule.plan([rule], bench.blocks)
    parts = unfreeze(planned, bench.model.head, bench.blocks)
    optimizer = StageOptimizer(rule, parts.groups, 1)
    step = steps.train_step(
        bench.model,
        steps.StepParts(
            stage=rule,
            forward=inference_forward(bench.module, SPEC, None),
            rows=[TRAIN.dataset.element_spec],
            optimizer=optimizer,
            penalties=[],
            class_weights=None,
            average=None,
            seed=0,
        ),
    )
    context.context().enable_run_metadata()
    step((tf.zeros((4, 32, 32, 3), tf.uint8),), tf.one_hot([0, 1, 2, 3], 10))
    ran = context.export_run_metadata()
    context.context().disable_run_metadata()
    # This is the graph as it ran: functions are inlined, and unused nodes are pruned.
    return sum(
        "Conv2DBackpropFilter" in node.op for graph in ran.partition_graphs for node in graph.node
    )


def test_the_backward_pass_ends_at_the_freeze_boundary() -> None:
    bench = Bench()
    counts = [convolution_gradients(bench, rule) for rule in ("none", {"last": 1}, "all")]
    assert counts == [0, 1, 5]


def test_the_model_learns_and_the_best_stage_ships() -> None:
    bench = Bench()
    results = bench.fit(
        stage(name="head", epochs=3),
        stage(name="full", unfreeze="all", epochs=6, learning_rate=5e-4),
        # The rate is far too high: the model that results must not ship.
        stage(name="ruin", unfreeze="all", epochs=1, learning_rate=3.0),
    )
    assert [result.shipped for result in results] == [False, True, False]
    assert max(results[1].validation_accuracy) >= 0.8
    evaluated = bench.context(Finetune()).evaluate(VALIDATION.pixels, VALIDATION.labels)
    best = results[1].best_epoch - 1
    assert evaluated.loss == pytest.approx(results[1].validation_loss[best], rel=1e-4)
    assert evaluated.correct == results[1].correct
    assert results[1].held_out["accuracy"] == results[1].validation_accuracy[best]
    assert [result.stopped_by for result in results] == ["epochs"] * 3


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_early_stopping_ends_a_stage_that_does_not_improve(monitor: str) -> None:
    bench = Bench()
    rule = {"monitor": monitor, "patience": 2, "min_delta": 100.0}
    (result,) = bench.fit(stage(epochs=9, early_stopping=rule))
    assert result.epochs == 3
    assert result.stopped_by == "early_stopping"
    assert len(result.validation_loss) == len(result.train_accuracy) == 3


def test_the_best_epoch_counts_even_if_it_is_better_by_less_than_min_delta() -> None:
    bench = Bench()
    rule = {"patience": 2, "min_delta": 0.3}
    (result,) = bench.fit(stage(epochs=9, learning_rate=3e-3, early_stopping=rule))
    assert result.stopped_by == "early_stopping"
    assert result.best_epoch == 1 + int(np.argmin(result.validation_loss)) == result.epochs
    evaluated = bench.context(Finetune()).evaluate(VALIDATION.pixels, VALIDATION.labels)
    assert evaluated.loss == pytest.approx(min(result.validation_loss), rel=1e-4)


def test_without_early_stopping_a_stage_runs_on_and_still_ends_with_its_best_epoch() -> None:
    bench = Bench()
    (result,) = bench.fit(stage(unfreeze="all", epochs=5, learning_rate=0.03, early_stopping=None))
    assert result.epochs == 5
    assert result.best_epoch == 1 + int(np.argmin(result.validation_loss))
    evaluated = bench.context(Finetune()).evaluate(VALIDATION.pixels, VALIDATION.labels)
    assert evaluated.loss == pytest.approx(min(result.validation_loss), rel=1e-4)


@pytest.mark.parametrize("has_checkpoints", [True, False])
def test_a_loss_that_is_not_finite_ends_the_run_with_the_rate_to_lower(
    has_checkpoints: bool, tmp_path: Path
) -> None:
    bench = Bench(checkpoints=tmp_path if has_checkpoints else None)
    good = stage(name="head", epochs=2)
    with pytest.raises(InputError, match=r"stages\[s\].*epoch 1, step \d.*lower.*1e\+30") as error:
        bench.fit(good, stage(unfreeze="all", epochs=3, learning_rate=1e30))
    assert ("the checkpoints before it are kept in" in str(error.value)) == has_checkpoints
    assert "\n" not in str(error.value)
    if has_checkpoints:
        with pytest.raises(InputError, match=r"lower learning_rate, now 0\.001 or l2, now 1e\+38$"):
            Bench(checkpoints=tmp_path / "empty").fit(stage(l2=1e38))
        # With a lower rate the good stage is not trained again.
        results = Bench(checkpoints=tmp_path).fit(good, stage(unfreeze="all", learning_rate=1e-4))
        assert [result.resumed for result in results] == [True, False]


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = Bench(), Bench(), Bench()
    rule = stage(unfreeze={"last": 1}, dropout=0.2, augmentation={"crop": 0.7, "mixup": 0.2})
    first.fit(rule, seed=1)
    second.fit(rule, seed=1)
    other.fit(rule, seed=2)
    np.testing.assert_allclose(first.model.head[0], second.model.head[0], rtol=0, atol=1e-6)
    assert not np.allclose(first.model.head[0], other.model.head[0], atol=1e-4)


def test_l2_makes_the_trained_weights_smaller() -> None:
    free, bound = Bench(), Bench()
    free.fit(stage(epochs=6, learning_rate=0.01))
    bound.fit(stage(epochs=6, learning_rate=0.01, l2=1.0))
    assert np.linalg.norm(bound.model.head[0]) < 0.7 * np.linalg.norm(free.model.head[0])


def test_l2_sp_keeps_the_backbone_nearer_to_its_pretrained_weights() -> None:
    rule = {"unfreeze": {"last": 2}, "epochs": 4}
    (free,) = Bench().fit(stage(**rule))
    (bound,) = Bench().fit(stage(**rule, l2_sp=1.0))
    assert all(
        bound.weight_drift[name] < 0.7 * free.weight_drift[name] for name in free.weight_drift
    )


def test_layer_decay_changes_early_blocks_less() -> None:
    rule = {"unfreeze": "all", "optimizer": "sgd", "learning_rate": 0.01}
    (even,) = Bench().fit(stage(**rule))
    (decayed,) = Bench().fit(stage(**rule, layer_decay=0.3))
    shares = [decayed.weight_drift[name] / even.weight_drift[name] for name in even.weight_drift]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 < 0.2 < shares[-1]


def test_a_stage_with_an_average_ends_with_the_averaged_weights() -> None:
    bench = Bench()
    (result,) = bench.fit(stage(epochs=3, ema=0.9, learning_rate=0.05))
    evaluated = bench.context(Finetune()).evaluate(VALIDATION.pixels, VALIDATION.labels)
    assert evaluated.loss == pytest.approx(result.validation_loss[result.best_epoch - 1], rel=1e-4)
    plain = Bench()
    plain.fit(stage(epochs=3, learning_rate=0.05))
    assert not np.allclose(bench.model.head[0], plain.model.head[0], atol=1e-3)


def test_each_stage_says_what_it_loses_on_an_earlier_set() -> None:
    earlier = digit_images(300, 50)
    results = Bench(earlier=earlier).fit(
        stage(name="head", epochs=3),
        stage(name="ruin", unfreeze="all", learning_rate=3.0),
    )
    first, second = (result.earlier for result in results)
    assert first is not None
    assert second is not None
    assert (first["images"], first["before"]) == (50, None)
    assert second["before"] == first["after"] > 0.6
    assert second["after"] < 0.4
    assert results[0].weight_drift == {}
    assert min(results[1].weight_drift.values()) > 0.1


def test_a_class_with_a_larger_weight_is_predicted_more_often() -> None:
    def share_of_eights(class_weights: object) -> float:
        bench = Bench()
        bench.fit(stage(epochs=3, class_weights=class_weights))
        logits = bench.model.logits(tf.cast(VALIDATION.pixels.part(0, 60)[0], tf.float32) / 255)
        return float(np.mean(np.argmax(logits, -1) == 8))

    assert share_of_eights({8: 30.0}) > share_of_eights("none") + 0.1
