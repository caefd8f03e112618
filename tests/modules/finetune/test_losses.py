"""The loss and what is added to it."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from sklearn.utils.class_weight import compute_class_weight

from modules.errors import InputError
from modules.finetune.losses import (
    TABLE,
    image_losses,
    loss_of,
    penalties,
    resolve_class_weights,
    softmax_cross_entropy,
)
from modules.finetune.saved_weights import ExponentialMovingAverage, SavedWeights
from modules.settings import LossOptions
from modules.settings.loss import LOSSES
from tests.modules.bench import stage

LOGITS = tf.constant([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0]])
TARGETS = tf.one_hot([0, 1], 3)


def test_smoothed_cross_entropy_equals_that_of_keras() -> None:
    keras = tf_keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction="none"
    )
    losses = image_losses(LOGITS, TARGETS, label_smoothing=0.2)
    np.testing.assert_allclose(losses, keras(TARGETS, LOGITS), rtol=1e-6)


def test_without_smoothing_cross_entropy_equals_the_sparse_one() -> None:
    expected = tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1], LOGITS)
    np.testing.assert_allclose(image_losses(LOGITS, TARGETS), expected, rtol=1e-6)


def test_a_mixed_targets_weight_is_the_mean_of_its_classes() -> None:
    mixed = tf.constant([[0.25, 0.75, 0.0]])
    plain = image_losses(LOGITS[:1], mixed)
    weighted = image_losses(LOGITS[:1], mixed, class_weights=[4.0, 2.0, 1.0])
    assert float(weighted[0] / plain[0]) == pytest.approx(0.25 * 4 + 0.75 * 2)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.repeat([0, 1, 2], [10, 30, 5])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    weights = resolve_class_weights("balanced", ["a", "b", "c"], [10, 30, 5])
    assert weights == pytest.approx(expected.tolist())


def test_weights_by_label_leave_the_others_at_one() -> None:
    assert resolve_class_weights({"b": 3.0}, ["a", "b"], [1, 1]) == [1.0, 3.0]
    assert resolve_class_weights("none", ["a", "b"], [1, 1]) is None


def total(*losses: object, **options: object) -> float:
    head, bias = tf.Variable([[1.0, 2.0]]), tf.Variable([5.0])
    kernel = tf.Variable([[3.0]])
    terms = penalties(
        stage(**options), [head, bias], [kernel], [np.array([[1.0]], np.float32)], losses  # type: ignore[arg-type]
    )  # fmt: skip
    return sum(float(term()) for term in terms)


def test_l2_is_half_the_squared_norm_of_all_trained_kernels() -> None:
    assert total(l2=0.1) == pytest.approx(0.1 * (1 + 4 + 9) / 2)


def test_l2_sp_pulls_the_backbone_to_its_pretrained_weights_and_the_head_to_zero() -> None:
    assert total(l2_sp=0.2) == pytest.approx(0.2 * (3 - 1) ** 2 / 2)
    assert total(l2=0.1, l2_sp=0.2) == pytest.approx(0.1 * (1 + 4) / 2 + 0.2 * 4 / 2)


def test_the_modules_own_losses_are_added_unless_they_are_switched_off() -> None:
    assert total(lambda: tf.constant(0.5), lambda: tf.constant([1.0])) == 1.5
    assert total(lambda: tf.constant(0.5), module_losses=False) == 0.0


def test_a_moving_average_follows_its_formula() -> None:
    variable = tf.Variable([0.0])
    average = ExponentialMovingAverage([variable], 0.5)
    expected = 0.0
    for step in range(1, 30):
        variable.assign([float(step)])
        average.update(tf.constant(step, tf.int64))
        keep = min(0.5, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * step
    assert float(average.copies[0][0]) == pytest.approx(expected, rel=1e-5)
    with average.applied():
        assert float(variable[0]) == pytest.approx(expected, rel=1e-5)
    assert float(variable[0]) == 29.0


def test_half_precision_is_averaged_and_penalised_like_any_other() -> None:
    variable = tf.Variable(tf.ones((1, 2), tf.float16))
    average = ExponentialMovingAverage([variable], 0.5)
    variable.assign([[3.0, 3.0]])
    average.update(tf.constant(100, tf.int64))
    assert average.copies[0].numpy().tolist() == [[2.0, 2.0]]
    rule = stage(l2=0.5, l2_sp=0.5)
    head = tf.Variable([[2.0]])
    start = np.ones((1, 2), np.float16)
    terms = penalties(rule, [head], [variable], [start], [])
    assert sum(float(term()) for term in terms) == 0.5 * 2 + 0.5 * 4


def test_saved_weights_are_restored() -> None:
    variable = tf.Variable([1.0])
    kept = SavedWeights([variable])
    variable.assign([2.0])
    kept.restore()
    assert float(variable[0]) == 1.0
    variable.assign([3.0])
    kept.save()
    variable.assign([4.0])
    kept.restore()
    assert float(variable[0]) == 3.0


def focal(logits: tf.Tensor, targets: tf.Tensor, gamma: float = 2.0) -> tf.Tensor:
    """A user's own loss (Lin et al. 2017, arXiv:1708.02002)."""
    probabilities = tf.nn.softmax(logits)
    likely = tf.reduce_sum(targets * probabilities, axis=-1)
    return (1.0 - likely) ** gamma * softmax_cross_entropy(logits, targets)


def mean_only(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(softmax_cross_entropy(logits, targets))


def test_the_table_has_every_loss_of_the_settings() -> None:
    assert tuple(TABLE) == LOSSES


def test_a_users_own_loss_gets_its_arguments_and_is_smoothed_and_weighted_as_ours_is() -> None:
    own = loss_of(stage(loss={"name": f"{__name__}:focal", "gamma": 1.0}).loss, "loss")
    losses = image_losses(LOGITS, TARGETS, loss=own, label_smoothing=0.3, class_weights=[2, 1, 1])
    smoothed = 0.7 * TARGETS + 0.1
    np.testing.assert_allclose(losses, focal(LOGITS, smoothed, 1.0) * [2.0, 1.0], rtol=1e-6)


def test_a_loss_that_is_not_one_for_each_image_is_refused() -> None:
    with pytest.raises(InputError) as error:
        loss_of(LossOptions(name=f"{__name__}:mean_only"), "finetune.loss")
    assert str(error.value) == (
        f"finetune.loss: {__name__}:mean_only turns logits and targets of [2, 3] into float32 [], "
        "must be float32 [2]: a loss for each image"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hinge", "got 'hinge', must be cross_entropy or package.module:name"),
        ({"name": "cross_entropy", "gamma": 2}, "cross_entropy has no gamma; leave it out"),
    ],
)
def test_an_unknown_loss_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stage(loss=value)
