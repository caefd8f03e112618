"""Folding BatchNorm into convolutions changes neither results nor gradients."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from modules.backbones import backbone
from modules.backbones.cut import at_images
from modules.backbones.graph.folding import folded
from tests.conftest import GLYPHS
from tests.modules.backbones.test_cut import compare, images
from tests.modules.small_modules import inference, save

pytestmark = pytest.mark.kernels

layers = tf_keras.layers
SIZE = 16


def batch_norms(definition: object) -> int:
    return sum("FusedBatchNorm" in node.op for node in definition.node)  # type: ignore[attr-defined]


def load(outputs: tf.Tensor, inputs: tf.Tensor, folder: Path) -> backbone.Backbone:
    """A module with statistics, scales and offsets that are not those of a fresh layer."""
    model = tf_keras.Model(inputs, layers.GlobalAveragePooling2D()(outputs))
    for number, variable in enumerate(model.variables):
        if variable.shape.rank == 1:
            drawn = tf.random.stateless_uniform(variable.shape, (number, 1), 0.5, 1.5)
            variable.assign(drawn)
    return backbone.load(save(inference(model), folder))


def test_every_batch_norm_of_the_backbone_that_ships_is_folded() -> None:
    module = backbone.load(str(GLYPHS))
    assert batch_norms(module.graph.definition) == 5
    assert batch_norms(folded(module.graph.definition)) == 0
    compare(module, at_images(module.graph, (32, 32)), module.trainable, images(32, 32))


@pytest.mark.parametrize(
    "convolution",
    [
        layers.Conv2D(4, 3, use_bias=False),
        layers.Conv2D(4, 3, strides=2, padding="same", dilation_rate=1, use_bias=False),
        layers.DepthwiseConv2D(3, use_bias=False),
        layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
    ],
)
@pytest.mark.parametrize("options", [{}, {"scale": False, "center": False, "epsilon": 0.1}])
def test_batch_norm_is_folded_into_the_convolution_before_it(
    convolution: Any, options: dict[str, object], tmp_path: Path
) -> None:
    inputs = tf_keras.Input((SIZE, SIZE, 3))
    fresh = type(convolution).from_config(convolution.get_config())
    outputs = layers.ReLU()(layers.BatchNormalization(**options)(fresh(inputs)))
    module = load(outputs, inputs, tmp_path)
    assert batch_norms(module.graph.definition) == 1
    assert batch_norms(folded(module.graph.definition)) == 0
    compare(module, at_images(module.graph, (SIZE, SIZE)), module.trainable, images(SIZE, SIZE))


def test_a_convolution_with_another_reader_is_left_alone(tmp_path: Path) -> None:
    inputs = tf_keras.Input((SIZE, SIZE, 3))
    shared = layers.Conv2D(4, 3, use_bias=False)(inputs)
    outputs = layers.Add()([shared, layers.BatchNormalization()(shared)])
    module = load(outputs, inputs, tmp_path)
    assert batch_norms(folded(module.graph.definition)) == 1
    compare(module, at_images(module.graph, (SIZE, SIZE)), module.trainable, images(SIZE, SIZE))


def test_a_preserved_tensor_is_left_alone() -> None:
    module = backbone.load(str(GLYPHS))
    convolutions = [node.name for node in module.graph.nodes if node.op == "Conv2D"]
    known = {f"{convolutions[2]}:0"}
    assert batch_norms(folded(module.graph.definition, known)) == 1


def test_batch_norm_before_a_convolution_is_left_alone(tmp_path: Path) -> None:
    inputs = tf_keras.Input((SIZE, SIZE, 3))
    outputs = layers.Conv2D(4, 3)(layers.ReLU()(layers.BatchNormalization()(inputs)))
    module = load(outputs, inputs, tmp_path)
    assert batch_norms(folded(module.graph.definition)) == 1
    compare(module, at_images(module.graph, (SIZE, SIZE)), module.trainable, images(SIZE, SIZE))


def test_the_variables_can_change_after_the_fold() -> None:
    module = backbone.load(str(GLYPHS))
    rest = at_images(module.graph, (32, 32)).rest()
    batch = images(32, 32)
    before = rest((batch,))[0]
    for variable in module.variables:
        variable.assign(variable * 1.1 + 0.01)
    after = rest((batch,))[0]
    assert not np.allclose(after, before, atol=1e-3)
    np.testing.assert_allclose(after, module.forward(batch), rtol=1e-4, atol=1e-4)
