"""The outputs that a module may have besides one float32 tensor, and refusals of others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.backbones.loading.outputs import entries, feature_entry
from modules.errors import InputError
from tests.modules.small_modules import SIZE, reusable, save

IMAGES = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (1, 2))


def module_giving(change: Callable[[tf.Tensor], Any]) -> tuple[Any, tf.Variable]:
    kernel = tf.Variable(tf.random.stateless_normal((3, 4), (3, 4)), name="dense/kernel")
    return reusable(lambda x: change(tf.reduce_mean(x, [1, 2]) @ kernel), [kernel]), kernel


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (lambda x: {"default": x}, "default"),
        (lambda x: {"a": x}, "a"),
        (lambda x: (x,), "0"),
        (lambda x: [{"b": x}], "0/b"),
        (lambda x: {"default": x, "other": 2 * x}, "default"),
        (lambda x: {"it": x, "count": tf.shape(x)[0], "name": tf.constant("a")}, "it"),
    ],
)  # fmt: skip
def test_the_only_entry_that_can_hold_the_features_is_used(
    tmp_path: Path, change: Callable[[tf.Tensor], Any], entry: str
) -> None:
    module, kernel = module_giving(change)
    loaded = backbone.load(save(module, tmp_path))
    assert (loaded.entry, loaded.output_dim) == (entry, 4)
    expected = tf.reduce_mean(IMAGES, [1, 2]) @ kernel
    np.testing.assert_allclose(loaded.forward(IMAGES), expected, rtol=1e-5)
    assert [block.parameters for block in blocks.blocks_of(loaded)] == [12]


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.float64])
def test_features_of_another_float_type_become_float32_and_can_be_trained(
    tmp_path: Path, dtype: tf.DType
) -> None:
    module, kernel = module_giving(lambda x: tf.cast(x, dtype))
    loaded = backbone.load(save(module, tmp_path))
    result = loaded.forward(IMAGES)
    assert result.dtype == tf.float32
    expected = tf.reduce_mean(IMAGES, [1, 2]) @ kernel
    np.testing.assert_allclose(result, expected, rtol=1e-2, atol=1e-2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(loaded.forward(IMAGES))
    (gradient,) = tape.gradient(loss, loaded.trainable)
    assert float(tf.norm(gradient)) > 0


def test_several_possible_entries_are_named(tmp_path: Path) -> None:
    module, _ = module_giving(lambda x: {"logits": x, "embedding": tf.cast(x, tf.float16)})
    rule = (
        r"gives embedding: float16 \(None, 4\) and logits: float32 \(None, 4\), not a vector for "
        r"each image; .* export it with the one entry that holds the features"
    )
    with pytest.raises(InputError, match=rule):
        backbone.load(save(module, tmp_path))


def test_only_tensors_can_hold_the_features() -> None:
    result = {"a": None, "b": [1, (2.0,)]}
    assert entries(result) == {"a": None, "b/0": 1, "b/1/0": 2.0}
    assert feature_entry(result) is None
