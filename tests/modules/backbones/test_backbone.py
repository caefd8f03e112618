"""Loading backbones: which ones are accepted, and the messages for the others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.modules.small_modules import (
    ANY_SIZE,
    IMAGES,
    SIZE,
    classifier,
    flattening,
    reusable,
    save,
)


@pytest.fixture(scope="module")
def glyphs() -> backbone.Backbone:
    return backbone.load(str(GLYPHS))


def test_the_backbone_that_ships_describes_its_inputs_and_its_output(
    glyphs: backbone.Backbone,
) -> None:
    assert (glyphs.height, glyphs.width, glyphs.channels) == (32, 32, 3)
    assert (glyphs.output_dim, glyphs.has_training) == (96, True)
    assert len(glyphs.trainable) == 15
    assert len(glyphs.variables) == 25


def test_a_handle_with_nothing_to_load_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"backbone\.handle: .*nowhere does not exist, though"):
        backbone.load(str(tmp_path / "nowhere"))


def test_a_module_that_cannot_be_called_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    with pytest.raises(InputError, match=r"no reusable TF2 SavedModel"):
        backbone.load(save(module, tmp_path))


@pytest.mark.parametrize(
    "forward",
    [
        lambda images: images[:, 0],
        lambda images: {"a": tf.reduce_mean(images, [1])},
        lambda images: tf.reduce_mean(images, [1, 2, 3]),
        lambda images: (tf.reduce_mean(images, [1, 2]), images),
    ],
)
def test_a_module_that_returns_no_vector_is_refused(
    tmp_path: Path, forward: Callable[[tf.Tensor], tf.Tensor]
) -> None:
    module = reusable(forward, [tf.Variable(1.0)])
    with pytest.raises(InputError, match=r"not a vector for each image"):
        backbone.load(save(module, tmp_path))


def test_an_error_is_one_line(tmp_path: Path) -> None:
    for module in (tf.Module(), classifier(tf.nn.softmax)):
        with pytest.raises(InputError, match=r"^backbone\.handle: ") as caught:
            backbone.load(save(module, tmp_path))
        assert "\n" not in str(caught.value)


def test_a_vector_of_rank_4_is_treated_as_one_of_rank_2(tmp_path: Path) -> None:
    scale = tf.Variable(2.0, name="scale")
    module = reusable(lambda x: tf.reduce_mean(x, [1, 2], keepdims=True) * scale, [scale])
    loaded = backbone.load(save(module, tmp_path))
    assert loaded.output_dim == 3
    assert loaded.forward(tf.ones((2, SIZE, SIZE, 3))).numpy().tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize("spec", [IMAGES, ANY_SIZE])
def test_a_feature_map_is_averaged(tmp_path: Path, spec: tf.TensorSpec) -> None:
    kernel = tf.Variable(tf.random.stateless_normal((3, 3, 3, 5), (1, 2)), name="conv/kernel")
    module = reusable(lambda x: tf.nn.conv2d(x, kernel, 2, "SAME"), [kernel], spec=spec)
    loaded = backbone.load(save(module, tmp_path))
    assert loaded.output_dim == 5
    images = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (3, 4))
    expected = tf.nn.conv2d(images, kernel, 2, "SAME").numpy().mean((1, 2))
    np.testing.assert_allclose(loaded.forward(images), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (lambda: classifier(tf.nn.softmax), "it ends in a softmax"),
        (lambda: classifier(name="net/logits"), "its last layer is named net/logits"),
        (lambda: classifier(name="conv_preds"), "its last layer is named conv_preds"),
        (lambda: classifier(tf.nn.sigmoid, name="net_head_dense"), "is named net_head_dense"),
        (lambda: classifier(name="net/predictions", bias=False), "is named net/predictions"),
        (lambda: classifier(classes=1001), "gives 1001 numbers, as many as ImageNet has classes"),
        (lambda: classifier(classes=1000, convolution=True), "gives 1000 numbers, as many"),
    ],
)
def test_a_classifier_is_refused(tmp_path: Path, module: Callable[[], object], words: str) -> None:
    rule = rf"gives class scores, not features: .*{words}.*; use .* feature vector form"
    with pytest.raises(InputError, match=rule):
        backbone.load(save(module(), tmp_path))


@pytest.mark.parametrize(
    "module",
    [
        lambda: classifier(classes=128),
        lambda: classifier(classes=1000, bias=False),
        lambda: classifier(tf.nn.relu, classes=1000),
        lambda: classifier(lambda x: tf.math.l2_normalize(x, 1), classes=1000),
        lambda: classifier(name="embedding", root="image_classifier/"),
    ],
)
def test_an_embedding_that_ends_in_a_dense_layer_is_accepted(
    tmp_path: Path, module: Callable[[], object]
) -> None:
    assert backbone.load(save(module(), tmp_path)).output_dim in (10, 128, 1000)


class Plain(tf.Module):
    """A ``tf.Module`` that lists no variables."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")
        self.mean = tf.Variable(tf.zeros((4,)), name="dense/mean", trainable=False)
        self.unread = tf.Variable(1.0, name="unread")

    @tf.function(input_signature=[IMAGES], autograph=False)
    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(images, [1, 2]) @ self.kernel - self.mean


def test_a_module_that_lists_no_variables_has_those_that_its_call_reads(tmp_path: Path) -> None:
    loaded = backbone.load(save(Plain(), tmp_path))
    assert {blocks.full_name(v) for v in loaded.variables} == {"dense/kernel", "dense/mean"}
    assert [blocks.full_name(v) for v in loaded.trainable] == ["dense/kernel"]
    assert loaded.regularization_losses == []
    assert [block.variable_names for block in blocks.blocks_of(loaded)] == [["dense/kernel"]]


def test_a_module_that_was_exported_for_one_image_at_a_time_is_refused(tmp_path: Path) -> None:
    kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")
    spec = tf.TensorSpec((1, 8, 8, 3), tf.float32)
    module = reusable(lambda images: tf.reduce_mean(images, [1, 2]) @ kernel, [kernel], spec=spec)
    with pytest.raises(InputError, match=r"cannot take 2 images at once.*free batch dimension"):
        backbone.load(save(module, tmp_path))


def test_a_module_with_nothing_to_train_loads(tmp_path: Path) -> None:
    module = reusable(lambda x: tf.reduce_mean(x, [1, 2]), [])
    loaded = backbone.load(save(module, tmp_path))
    assert loaded.trainable == []
    assert blocks.blocks_of(loaded) == []


def test_the_modules_own_regularization_losses_are_available(tmp_path: Path) -> None:
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Conv2D(4, 3, kernel_regularizer="l2", input_shape=(SIZE, SIZE, 3)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, kernel_regularizer=tf_keras.regularizers.L2(0.5)),
        ]
    )
    model.save(tmp_path / "keras", save_format="tf")
    loaded = backbone.load(str(tmp_path / "keras"))
    losses = sorted(float(loss()) for loss in loaded.regularization_losses)
    np.testing.assert_allclose(losses, sorted(float(loss) for loss in model.losses), rtol=1e-6)
    loaded.trainable[0].assign(loaded.trainable[0] * 2.0)
    changed = sorted(float(loss()) for loss in loaded.regularization_losses)
    assert changed != losses


class Named(tf.Module):
    def __call__(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return tf.reduce_mean(images, [1, 2]) * (2.0 if training else 1.0)


class KeywordOnly(tf.Module):
    def __call__(self, images: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        return tf.reduce_mean(images, [1, 2]) * (2.0 if training else 1.0)


class Without(tf.Module):
    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(images, [1, 2])


@pytest.mark.parametrize("kind", [Named, KeywordOnly, Without])
def test_a_call_with_or_without_training_is_called_as_it_is(
    tmp_path: Path, kind: Callable[[], tf.Module]
) -> None:
    module = tf.train.Checkpoint(variables=[])
    has_training = kind is not Without
    call = module.__call__ = tf.function(kind().__call__, autograph=False)
    for training in ({"training": False}, {"training": True}) if has_training else ({},):
        call.get_concrete_function(IMAGES, **training)
    loaded = backbone.load(save(module, tmp_path))
    assert loaded.has_training == has_training
    images = tf.ones((1, SIZE, SIZE, 3))
    assert loaded.forward(images).numpy().tolist() == [[1.0] * 3]
    expected = 2.0 if has_training else 1.0
    assert loaded.forward(images, training=True).numpy().tolist() == [[expected] * 3]


def test_an_image_size_that_the_module_does_not_accept_is_refused(
    glyphs: backbone.Backbone,
) -> None:
    assert glyphs.image_size(None) == glyphs.image_size((32, 32)) == (32, 32)
    with pytest.raises(InputError, match=r"image_size: got \[64, 32\].* takes 32 x 32"):
        glyphs.image_size((64, 32))


@pytest.mark.parametrize("keep_batch", [True, False])
def test_a_module_that_accepts_any_size_but_works_only_at_one_is_tried_first(
    tmp_path: Path, keep_batch: bool
) -> None:
    loaded = backbone.load(save(flattening(16, keep_batch), tmp_path))
    assert (loaded.height, loaded.width) == (None, None)
    assert loaded.image_size((16, 16)) == (16, 16)
    with pytest.raises(InputError, match=r"^backbone\.image_size: .*32 x 32 pixels \(.*; set a"):
        loaded.image_size((32, 32))
    with pytest.raises(InputError, match=r"224 x 224"):
        loaded.image_size(None)
    assert len(blocks.blocks_of(loaded)) == 1


def test_a_size_that_shrinks_to_nothing_is_refused(tmp_path: Path) -> None:
    kernel = tf.Variable(tf.ones((3, 3, 3, 4)), name="conv/kernel")

    def forward(images: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(tf.nn.avg_pool2d(images, 8, 8, "VALID"), kernel, 1, "VALID")

    loaded = backbone.load(save(reusable(forward, [kernel], spec=ANY_SIZE), tmp_path))
    assert loaded.image_size((32, 48)) == (32, 48)
    for size in ((16, 48), (4, 4)):
        with pytest.raises(InputError, match=r"^backbone\.image_size: "):
            loaded.image_size(size)
