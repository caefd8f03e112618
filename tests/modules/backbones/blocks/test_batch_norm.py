"""Updating the statistics of some BatchNorm layers, compared with what Keras does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from modules.backbones import backbone, cut
from modules.backbones.blocks import blocks
from modules.backbones.blocks.batch_norm import updating
from modules.backbones.cut import at_images
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.modules.small_modules import inference, save

pytestmark = pytest.mark.kernels

GLYPHS_SPEC = tf.TensorSpec((None, 32, 32, 3), tf.float32)
Run = tuple[tf.Tensor, list[tf.Tensor]]


def images(size: int, count: int = 8) -> tf.Tensor:
    return tf.random.stateless_uniform((count, size, size, 3), (5, 6))


def run(
    forward: Callable[[tf.Tensor], tf.Tensor], batch: tf.Tensor, variables: Sequence[tf.Variable]
) -> Run:
    """The output and the gradients of its weighted sum, as in a training step."""

    @tf.function(autograph=False)
    def step(batch: tf.Tensor) -> Run:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            for variable in variables:
                tape.watch(variable)
            output = forward(batch)
            weights = tf.linspace(-1.0, 1.0, output.shape[1])
            loss = tf.reduce_sum(output * weights)
        return output, tape.gradient(loss, variables, unconnected_gradients="zero")

    result: Run = step(batch)
    return result


def updating_forward(
    module: backbone.Backbone,
    spec: tf.TensorSpec,
    chosen: Sequence[tf.Variable],
    momentum: float = 0.99,
) -> Callable[[tf.Tensor], tf.Tensor]:
    """The whole backbone, with the layers of the chosen statistics in training mode."""
    size = (spec.shape[1], spec.shape[2])
    forward = updating(at_images(module.graph_at(size), size), chosen, momentum)
    return lambda batch: forward((batch,))


def values(variables: Sequence[tf.Variable]) -> dict[str, Any]:
    return {variable.name: variable.numpy() for variable in variables}


def same(actual: tf.Tensor, expected: tf.Tensor, tolerance: float = 1e-4) -> None:
    scale = float(tf.reduce_max(tf.abs(expected))) + 1e-6
    np.testing.assert_allclose(actual / scale, expected / scale, atol=tolerance)


def statistics(module: backbone.Backbone, *names: str) -> list[tf.Variable]:
    """Those of the named blocks, of all where none are named."""
    return [
        variable
        for block in blocks.blocks_of(module)
        if not names or block.name in names
        for variable in block.statistics
    ]


def test_without_chosen_layers_everything_is_as_in_inference() -> None:
    module = backbone.load(str(GLYPHS))
    before = values(module.variables)
    expected = run(module.forward, images(32), module.trainable)
    result = run(updating_forward(module, GLYPHS_SPEC, []), images(32), module.trainable)
    for actual, wanted in zip(tf.nest.flatten(result), tf.nest.flatten(expected), strict=True):
        # Two graphs of the same layers: what is fused, and so the last bits, is up to the kernels.
        same(actual, wanted, 1e-5)
    after = values(module.variables)
    assert all(np.array_equal(after[name], value) for name, value in before.items())


def test_only_the_statistics_of_the_chosen_layers_change_and_only_when_run() -> None:
    module = backbone.load(str(GLYPHS))
    before = values(module.variables)
    chosen = statistics(module, "block_2", "block_4")
    forward = updating_forward(module, GLYPHS_SPEC, chosen)
    assert all(np.array_equal(v.numpy(), before[v.name]) for v in module.variables)
    forward(images(32))
    after = values(module.variables)
    moved = {name for name, value in before.items() if not np.array_equal(value, after[name])}
    assert moved == {variable.name for variable in chosen}


def test_with_all_layers_chosen_the_result_is_that_of_the_module_in_training() -> None:
    switched, in_training = backbone.load(str(GLYPHS)), backbone.load(str(GLYPHS))
    forward = updating_forward(switched, GLYPHS_SPEC, statistics(switched), momentum=0.9)
    for count in (8, 5):
        batch = images(32, count)
        result = run(forward, batch, switched.trainable)
        expected = run(
            lambda x: in_training.forward(x, training=True), batch, in_training.trainable
        )
        for actual, wanted in zip(tf.nest.flatten(result), tf.nest.flatten(expected), strict=True):
            same(actual, wanted)
    for actual, wanted in zip(switched.variables, in_training.variables, strict=True):
        same(actual, wanted)


@pytest.fixture(scope="module")
def mobilenet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """A random MobileNetV2 as Keras has it, and as a SavedModel that knows inference alone."""
    model = tf_keras.applications.MobileNetV2(
        (64, 64, 3), 0.35, include_top=False, weights=None, pooling="avg"
    )
    return model, save(inference(model), tmp_path_factory.mktemp("mobilenet"))


def test_chosen_layers_behave_like_keras_layers_that_are_not_frozen(
    mobilenet: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Deep in a fresh network activations shrink to nothing: a millionth of the input decides their
    # signs, and so the gradients. Folding, which rounds otherwise, has tests of its own.
    monkeypatch.setattr(cut, "folded", lambda definition, preserved=(): definition)
    model, handle = mobilenet
    module = backbone.load(handle)
    named = ("block_15", "block_16", "Conv_1")
    for layer in model.layers:
        # A BatchNorm layer that is not trainable stays in inference mode.
        if isinstance(layer, tf_keras.layers.BatchNormalization):
            layer.trainable = layer.name.startswith(named)
            layer.momentum = 0.9
    variables = {v.name: v for v in model.variables}
    spec = tf.TensorSpec((None, 64, 64, 3), tf.float32)
    forward = updating_forward(module, spec, statistics(module, *named), momentum=0.9)
    expected = run(
        lambda x: model(x, training=True), images(64), [variables[v.name] for v in module.trainable]
    )
    result = run(forward, images(64), module.trainable)
    for mine, theirs in zip(tf.nest.flatten(result), tf.nest.flatten(expected), strict=True):
        same(mine, theirs, 1e-3)
    for variable in module.variables:
        same(variable, variables[variable.name])


def test_a_layer_of_single_operations_cannot_be_updated(tmp_path: Path) -> None:
    layers = tf_keras.layers
    inputs = tf_keras.Input((8, 8, 3))
    hidden = layers.Dense(4, name="hidden")(layers.GlobalAveragePooling2D()(inputs))
    model = tf_keras.Model(inputs, layers.BatchNormalization(name="norm")(hidden))
    module = backbone.load(save(inference(model), tmp_path))
    with pytest.raises(
        InputError,
        match=r"^finetune\.stages: batch_norm\.statistics: update cannot be done for norm, .*; use "
        "statistics: frozen$",
    ):
        updating_forward(module, tf.TensorSpec((None, 8, 8, 3)), statistics(module))


def test_a_module_with_compiled_convolutions_can_be_updated(tmp_path: Path) -> None:
    layers = tf_keras.layers
    inputs = tf_keras.Input((8, 8, 3))
    hidden = layers.Conv2D(4, 3, name="first")(inputs)
    hidden = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, groups=2)(hidden))
    model = tf_keras.Model(inputs, layers.GlobalAveragePooling2D()(hidden))
    module = backbone.load(save(inference(model), tmp_path))
    forward = updating_forward(module, tf.TensorSpec((None, 8, 8, 3)), statistics(module))
    variables = {v.name: v for v in model.variables}
    expected = run(
        lambda x: model(x, training=True), images(8), [variables[v.name] for v in module.trainable]
    )
    result = run(forward, images(8), module.trainable)
    for mine, theirs in zip(tf.nest.flatten(result), tf.nest.flatten(expected), strict=True):
        same(mine, theirs)
