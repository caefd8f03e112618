"""Exports for serving, which have no call, as backbones; and those that are refused."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.errors import InputError
from tests.modules.small_modules import SIZE, save_tf1

IMAGES = tf.random.stateless_uniform((2, SIZE, SIZE, 3), (1, 2))


def network(generation: Any) -> Any:
    """Two blocks with BatchNorm, in either generation of Keras."""
    generation.utils.set_random_seed(0)
    layers = generation.layers
    x = inputs = layers.Input((SIZE, SIZE, 3))
    for number in range(2):
        x = layers.Conv2D(4, 3, padding="same", use_bias=False, name=f"block_{number}_conv")(x)
        x = layers.BatchNormalization(name=f"block_{number}_bn")(x)
        x = layers.ReLU()(x)
    return generation.Model(inputs, layers.GlobalAveragePooling2D()(x))


@pytest.fixture(scope="module")
def newer() -> Any:
    return network(keras)


@pytest.mark.parametrize("way", ["export", "save", "archive"])
def test_exports_of_keras_3_are_backbones(newer: Any, tmp_path: Path, way: str) -> None:
    folder = str(tmp_path / "module")
    if way == "export":
        newer.export(folder, verbose=False)
    elif way == "save":
        tf.saved_model.save(newer, folder)
    else:
        archive = keras.export.ExportArchive()
        archive.track(newer)
        spec = tf.TensorSpec((None, SIZE, SIZE, 3))
        archive.add_endpoint("__call__", lambda images: newer(images, training=False), [spec])
        archive.write_out(folder, verbose=False)
    loaded = backbone.load(folder)
    assert (loaded.height, loaded.width, loaded.output_dim) == (SIZE, SIZE, 4)
    np.testing.assert_array_equal(loaded.forward(IMAGES), newer(IMAGES, training=False))
    assert (len(loaded.variables), len(loaded.trainable)) == (10, 6)
    parts = blocks.blocks_of(loaded)
    assert [(block.name, block.batch_norm) for block in parts] == [("block_0", 1), ("block_1", 1)]
    assert [len(block.affine) for block in parts] == [2, 2]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(loaded.forward(IMAGES))
    assert all(gradient is not None for gradient in tape.gradient(loss, loaded.trainable))


@pytest.mark.parametrize(
    ("generation", "name", "call"),
    [
        (keras, "model.keras", "keras.models.load_model({!r}, compile=False).export(FOLDER)"),
        (keras, "model.h5", "keras.models.load_model({!r}, compile=False).export(FOLDER)"),
        (tf_keras, "model.h5", "keras.models.load_model({!r}, compile=False).export(FOLDER)"),
        (tf_keras, "model.keras", "tf_keras.models.load_model({!r}, compile=False).save(FOLDER)"),
    ],
)
def test_the_line_of_python_in_the_message_makes_a_backbone_of_a_keras_file(
    tmp_path: Path, generation: Any, name: str, call: str
) -> None:
    file, folder = str(tmp_path / name), str(tmp_path / "out")
    model = network(generation)
    model.save(file)
    with pytest.raises(InputError, match=r"is a Keras file, and a backbone is the folder") as error:
        backbone.load(file)
    assert str(error.value).endswith(f"in Python, {call.format(file)} makes one of it")
    if call.startswith("tf_keras"):
        return  # What it writes, at leisure, is what the backbone that ships was written by.
    keras.models.load_model(file, compile=False).export(folder, verbose=False)
    loaded = backbone.load(folder)
    np.testing.assert_allclose(
        loaded.forward(IMAGES), model(IMAGES, training=False), rtol=1e-5, atol=1e-6
    )


def signed(folder: Path, **signatures: Any) -> str:
    """An export with signatures and no call."""
    module = tf.Module()
    module.kernel = tf.Variable(tf.ones((3, 4)), name="dense/kernel")
    spec = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="images")
    text = tf.TensorSpec((None,), tf.string, name="text")

    @tf.function(input_signature=[spec])
    def features(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"out": tf.reduce_mean(images, [1, 2]) @ module.kernel}

    @tf.function(input_signature=[spec, spec])
    def of_two(images: tf.Tensor, more: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"out": tf.reduce_mean(images + more, [1, 2]) @ module.kernel}

    @tf.function(input_signature=[text])
    def of_text(words: tf.Tensor) -> dict[str, tf.Tensor]:
        lengths = tf.cast(tf.strings.length(words), tf.float32)
        return {"out": lengths[:, None] * tf.reduce_sum(module.kernel)}

    functions = {"features": features, "of_two": of_two, "of_text": of_text}
    chosen = {name: functions[function] for name, function in signatures.items()}
    tf.saved_model.save(module, str(folder), signatures=chosen)
    return str(folder)


@pytest.mark.parametrize("name", ["serving_default", "embed"])
def test_a_plain_export_is_called_through_its_signature(tmp_path: Path, name: str) -> None:
    loaded = backbone.load(signed(tmp_path, **{name: "features"}))
    assert loaded.entry == "out"
    assert loaded.forward(IMAGES).shape == (2, 4)


def test_an_export_without_a_signature_of_images_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no signature that takes images alone \(.*serving_def"):
        backbone.load(signed(tmp_path / "two", serving_default="of_two"))
    with pytest.raises(InputError, match=r"\(its signatures are a, b\); use a TF2 image feature"):
        backbone.load(signed(tmp_path / "several", a="features", b="features"))
    with pytest.raises(InputError, match=r"takes text \(string \(None,\)\), not images; use a TF2"):
        backbone.load(signed(tmp_path / "text", serving_default="of_text"))


def test_an_export_of_an_older_version_of_thaw_is_recognised(tmp_path: Path) -> None:
    folder = Path(signed(tmp_path / "version", serving_default="features"))
    (folder / "assets.extra").mkdir()
    (folder / "assets.extra" / "labels.txt").write_text("a\nb\n")
    with pytest.raises(
        InputError, match=r"was exported by an older version of Thaw.*run its config again"
    ):
        backbone.load(str(folder))


def test_a_saved_model_of_tf1_is_recognised(tmp_path: Path) -> None:
    folder = Path(save_tf1(tmp_path / "module"))
    with pytest.raises(InputError, match=r"is a module of the old TF1 Hub format.*TF2 form"):
        backbone.load(str(folder))
    (folder / "tfhub_module.pb").unlink()
    with pytest.raises(InputError, match=r"is a SavedModel of TF1, which cannot be fine-tuned"):
        backbone.load(str(folder))
