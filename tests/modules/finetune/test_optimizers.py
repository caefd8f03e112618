"""Rates over a stage and over the depth of a backbone, and what each optimizer does."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from modules.finetune.optimizers import ParameterGroup, StageOptimizer, StageRate
from modules.settings import LearningRateOptions
from tests.modules.bench import stage

STEPS = 10  # in an epoch


def rates(epochs: int = 4, **options: Any) -> list[float]:
    rate = StageRate(LearningRateOptions(peak=2.0, **options), epochs, STEPS)
    return [float(rate(step)) for step in range(epochs * STEPS)]


def test_a_constant_rate_stays() -> None:
    assert set(rates()) == {2.0}


def test_warm_up_rises_in_a_straight_line_to_the_peak() -> None:
    learning_rates = rates(warmup_epochs=1.0)
    assert learning_rates[:STEPS] == pytest.approx([2.0 * (n + 1) / STEPS for n in range(STEPS)])
    assert set(learning_rates[STEPS:]) == {2.0}


def test_a_cosine_ends_at_its_floor_in_the_last_step() -> None:
    learning_rates = rates(decay="cosine", floor=0.1)
    assert learning_rates[0] == pytest.approx(2.0)
    assert learning_rates[-1] == pytest.approx(0.2)
    assert learning_rates == sorted(learning_rates, reverse=True)
    keras = tf_keras.optimizers.schedules.CosineDecay(2.0, 4 * STEPS - 1, alpha=0.1)
    assert learning_rates == pytest.approx([float(keras(n)) for n in range(4 * STEPS)], abs=1e-6)


def test_a_cosine_after_a_warm_up_starts_from_the_peak() -> None:
    learning_rates = rates(decay="cosine", warmup_epochs=0.5)
    assert max(learning_rates) == pytest.approx(2.0)
    assert int(np.argmax(learning_rates)) in (4, 5)
    assert learning_rates[-1] == pytest.approx(0.0, abs=1e-6)


def test_steps_fall_by_their_factor() -> None:
    learning_rates = rates(decay="step", step_epochs=1.5, step_factor=0.5)
    assert learning_rates[:15] == [2.0] * 15
    assert learning_rates[15:30] == [1.0] * 15
    assert learning_rates[30:] == [0.5] * 10


def one_step(**options: Any) -> tuple[Any, Any, StageOptimizer]:
    """A kernel and a bias of ones after a step along gradients of one."""
    kernel, bias = tf.Variable(tf.ones((2, 2))), tf.Variable(tf.ones((2,)))
    optimizer = StageOptimizer(
        stage(**options), [ParameterGroup((kernel,), 1.0), ParameterGroup((bias,), 1.0)], STEPS
    )
    optimizer.apply([tf.ones((2, 2)), tf.ones((2,))])
    return kernel.numpy(), bias.numpy(), optimizer


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_first_step_has_the_length_of_the_rate(optimizer: str) -> None:
    kernel, bias, optimizer_used = one_step(optimizer=optimizer, learning_rate=0.1)
    np.testing.assert_allclose(kernel, 0.9, rtol=1e-5)
    np.testing.assert_allclose(bias, 0.9, rtol=1e-5)
    assert int(optimizer_used.step) == 1


def test_weight_decay_shrinks_kernels_and_no_biases() -> None:
    kernel, bias, _ = one_step(optimizer={"name": "adamw", "weight_decay": 0.5}, learning_rate=0.1)
    np.testing.assert_allclose(kernel, 1.0 - 0.1 * 0.5 - 0.1, rtol=1e-4)
    np.testing.assert_allclose(bias, 0.9, rtol=1e-5)


def test_momentum_accumulates_over_steps() -> None:
    variable = tf.Variable([0.0])
    optimizer = StageOptimizer(
        stage(optimizer={"name": "sgd", "momentum": 0.5}, learning_rate=1.0),
        [ParameterGroup((variable,), 1.0)],
        STEPS,
    )
    optimizer.apply([tf.constant([1.0])])
    optimizer.apply([tf.constant([0.0])])
    assert variable.numpy().tolist() == pytest.approx([-1.5])


def test_each_group_has_its_share_of_the_rate_and_equal_shares_one_optimizer() -> None:
    first, second, third = (tf.Variable([0.0]) for _ in range(3))
    optimizer = StageOptimizer(
        stage(learning_rate=0.1),
        [
            ParameterGroup((first,), 1.0),
            ParameterGroup((second,), 0.25),
            ParameterGroup((third,), 1.0),
        ],
        STEPS,
    )
    assert len(optimizer.parts) == 2
    by_variable = {id(first): 1.0, id(second): 2.0, id(third): 3.0}
    optimizer.apply([tf.constant([by_variable[id(v)]]) for v in optimizer.variables])
    result = [float(v[0]) for v in (first, second, third)]
    assert result == pytest.approx([-0.1, -0.025, -0.1], rel=1e-3)


def test_the_rate_falls_as_steps_are_taken() -> None:
    variable = tf.Variable([0.0])
    optimizer = StageOptimizer(
        stage(optimizer={"name": "sgd", "momentum": 0.0}, epochs=1,
              learning_rate={"peak": 1.0, "decay": "cosine"}),
        [ParameterGroup((variable,), 1.0)],
        3,
    )  # fmt: skip
    places = []
    for _ in range(3):
        optimizer.apply([tf.constant([1.0])])
        places.append(float(variable[0]))
    assert places == pytest.approx([-1.0, -1.5, -1.5], abs=1e-6)
    assert math.isclose(places[1] - places[0], -0.5, rel_tol=1e-5)
