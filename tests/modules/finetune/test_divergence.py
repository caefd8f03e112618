"""Weights that are no longer finite end a run."""

import math

import numpy as np
import tensorflow as tf

from modules.finetune.divergence import finiteness


def test_weights_that_are_not_finite_are_detected_where_the_loss_hides_them() -> None:
    weights = [tf.Variable([1.0, 2.0]), tf.Variable([[3.0]])]
    are_finite = finiteness(weights)
    assert are_finite()
    weights[1].assign([[np.nan]])
    # A ReLU may give 0 for NaN, so that nothing after it tells.
    assert math.isfinite(float(tf.reduce_sum(tf.where(weights[1] > 0, weights[1], 0.0))))
    assert not are_finite()
    weights[1].assign([[np.inf]])
    assert not are_finite()
