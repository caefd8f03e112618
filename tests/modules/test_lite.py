"""The TensorFlow Lite exports of a small real model."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules import lite, model_layout

SIDE, CLASSES = 12, 3


class Small(tf.Module):
    """A convolution and a head that tells bright images from dark ones."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(tf.random.stateless_normal((3, 3, 3, 4), (1, 2)) / 5)
        self.head = tf.Variable(tf.random.stateless_normal((4, CLASSES), (3, 4)) * 4)

    @tf.function(
        input_signature=[tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8, name=model_layout.PIXELS)]
    )
    def serve(self, pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        images = tf.cast(pixels, tf.float32) / 255.0
        hidden = tf.nn.relu(tf.nn.conv2d(images, self.kernel, 1, "SAME"))
        mean = tf.reduce_mean(hidden, axis=(1, 2))
        return {model_layout.SCORES: tf.nn.softmax(tf.matmul(mean, self.head))}


def pixels(count: int) -> lite.Pixels:
    random = np.random.default_rng(0)
    level = random.integers(0, 200, (count, 1, 1, 3))
    return (level + random.integers(0, 56, (count, SIDE, SIDE, 3))).astype(np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    small = Small()
    tf.saved_model.save(small, str(folder), signatures={model_layout.SERVE_PIXELS: small.serve})
    return folder


@pytest.mark.parametrize(("kind", "most"), [("float16", 0.005), ("int8", 0.1)])
def test_an_export_gives_the_models_scores_but_for_rounding(
    model: Path, kind: lite.Kind, most: float
) -> None:
    content = lite.convert(model, kind, pixels(40))
    comparison = lite.compare(content, model, pixels(70))
    assert comparison.images == 70
    assert comparison.agreement >= 0.9
    assert 0 < comparison.max_difference < most


def test_another_models_export_does_not_agree(model: Path, tmp_path: Path) -> None:
    other = Small()
    other.head.assign(-other.head)
    tf.saved_model.save(other, str(tmp_path), signatures={model_layout.SERVE_PIXELS: other.serve})
    content = lite.convert(tmp_path, "float16", pixels(4))
    assert lite.compare(content, model, pixels(70)).agreement < 0.5


def test_scores_add_up_to_1_and_take_one_image_at_a_time(model: Path) -> None:
    scores = lite.scores(lite.convert(model, "float16", pixels(4)), pixels(5))
    assert scores.shape == (5, CLASSES)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-3)
