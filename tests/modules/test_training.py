"""What a stage changes and what it leaves, on the backbone that ships and a few real digits."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits
from tensorflow.python.eager import context  # The only way to the graph as it ran.

from modules import backbone, blocks, schedule, training
from modules.classifier import Classifier
from modules.errors import InputError
from modules.inputs import Images
from modules.settings import EarlyStopping, Finetune, ImageSpec, Stage
from tests.conftest import GLYPHS

SPEC = ImageSpec(height=32, width=32)
COUNT = 240


def digit_images(start: int, count: int) -> Images:
    digits = load_digits()
    grey = digits.images[start : start + count, ..., None] * (255 / 16)
    pixels = tf.cast(tf.round(tf.image.resize(np.repeat(grey, 3, -1), (32, 32))), tf.uint8)
    labels = digits.target[start : start + count].astype(np.int64)
    return Images(tf.data.Dataset.from_tensor_slices((pixels, labels)).cache(), count, count)


TRAIN, VALIDATION = digit_images(0, COUNT), digit_images(COUNT, 60)


class Bench:
    """A fresh model, and what it takes to fit it."""

    def __init__(self) -> None:
        tf.random.set_seed(0)
        self.module = backbone.load(str(GLYPHS))
        self.blocks = blocks.blocks_of(self.module)
        self.model = Classifier(self.module, 10)

    def fit(self, *stages: Stage, **options: object) -> list[training.StageResult]:
        finetune = Finetune.model_validate({"stages": stages, **options})
        planned = schedule.plan(finetune.stages, self.blocks)
        return training.fit(self.task(finetune), planned)

    def task(self, finetune: Finetune) -> training.Task:
        return training.Task(self.model, self.blocks, TRAIN, VALIDATION, finetune, SPEC)

    def weights(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        return {blocks.full_name(v): v.numpy() for v in self.module.variables}


def stage(**values: object) -> Stage:
    return Stage.model_validate({"name": "s", "epochs": 1, **values})


def changed(
    before: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]], bench: Bench
) -> set[str]:
    after = bench.weights()
    return {name for name, value in before.items() if not np.array_equal(value, after[name])}


@pytest.mark.parametrize(
    ("unfreeze", "blocks_changed"),
    [
        ("none", set[str]()),
        ({"last": 1}, {"block_4"}),
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
    names = changed(before, bench)
    assert {blocks.block_name(name) for name in names} == blocks_changed == set(result.blocks)
    assert not any("moving" in name for name in names)
    assert np.abs(bench.model.kernel.numpy()).max() > 0
    head = 96 * 10 + 10
    assert result.parameters == head + sum(
        block.parameters for block in bench.blocks if block.name in blocks_changed
    )


def test_batch_norm_learns_statistics_only_where_the_stage_says_so() -> None:
    bench = Bench()
    before = bench.weights()
    bench.fit(stage(unfreeze="all", batch_norm="train"))
    assert sum("moving" in name for name in changed(before, bench)) == 10


def convolution_gradients(bench: Bench, unfreeze: object) -> int:
    """How many convolution filters a step computes gradients of, when it runs."""
    rule = stage(unfreeze=unfreeze)
    (planned,) = schedule.plan([rule], bench.blocks)
    unfrozen = [bench.blocks[i] for i in planned.unfrozen]
    variables = [*bench.model.head, *blocks.variables_of(unfrozen)]
    step = training._train_step(bench.task(Finetune()), variables, rule)
    images = tf.zeros((4, 32, 32, 3), tf.uint8)
    labels = tf.zeros((4,), tf.int64)
    context.context().enable_run_metadata()
    step(images, labels)
    ran = context.export_run_metadata()
    context.context().disable_run_metadata()
    # As it ran, functions inlined and what nothing needs pruned.
    return sum(
        "Conv2DBackpropFilter" in node.op for graph in ran.partition_graphs for node in graph.node
    )


def test_the_backward_pass_ends_at_the_freeze_boundary() -> None:
    bench = Bench()
    counts = [convolution_gradients(bench, rule) for rule in ("none", {"last": 1}, "all")]
    assert counts == [0, 1, 5]


def test_it_learns_and_the_best_stage_ships() -> None:
    bench = Bench()
    results = bench.fit(
        stage(name="head", epochs=3),
        stage(name="full", unfreeze="all", epochs=4),
        # Far too high a rate: what it makes of the model must not be shipped.
        stage(name="ruin", unfreeze="all", epochs=1, learning_rate=3.0),
    )
    assert [result.shipped for result in results] == [False, True, False]
    assert max(results[1].validation_accuracy) >= 0.8
    measured = training._mean(
        training._evaluation_step(bench.task(Finetune())), VALIDATION.batches(32)
    )
    best = results[1].best_epoch - 1
    assert measured[0] == pytest.approx(results[1].validation_loss[best], rel=1e-4)
    assert measured[1] == pytest.approx(results[1].validation_accuracy[best])


def test_early_stopping_ends_a_stage_that_does_not_move() -> None:
    bench = Bench()
    rule = EarlyStopping(patience=2, min_delta=100.0)
    (result,) = bench.fit(stage(epochs=9, early_stopping=rule))
    assert result.epochs == 3
    assert result.best_epoch == 1
    assert len(result.validation_loss) == len(result.train_accuracy) == 3


def test_a_loss_that_is_not_finite_ends_the_run_with_the_rate_to_lower() -> None:
    with pytest.raises(InputError, match=r"finetune\.stages\[s\].*must stay finite.*1e\+30"):
        Bench().fit(stage(unfreeze="all", epochs=3, learning_rate=1e30))


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = Bench(), Bench(), Bench()
    first.fit(stage(unfreeze={"last": 1}), seed=1)
    second.fit(stage(unfreeze={"last": 1}), seed=1)
    other.fit(stage(unfreeze={"last": 1}), seed=2)
    np.testing.assert_allclose(first.model.kernel, second.model.kernel, rtol=0, atol=1e-6)
    assert not np.allclose(first.model.kernel, other.model.kernel, atol=1e-4)


def test_l2_makes_the_trained_weights_smaller() -> None:
    free, bound = Bench(), Bench()
    free.fit(stage(epochs=6, learning_rate=0.01))
    bound.fit(stage(epochs=6, learning_rate=0.01, l2=1.0))
    assert np.linalg.norm(bound.model.kernel) < 0.7 * np.linalg.norm(free.model.kernel)
