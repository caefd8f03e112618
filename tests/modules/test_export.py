"""The exported model: its signatures, scoring in parts, and the labels beside it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from modules import export, features, lite, model_layout
from modules.backbones import backbone
from modules.finetune.classifier import Classifier
from modules.model_layout import IMAGES_AT_ONCE as AT_ONCE
from modules.settings import ImageSpec, MlpHead
from tests.conftest import GLYPHS, encoded, picture
from tests.image_files import bmp, by_pixel

pytestmark = pytest.mark.kernels

SPEC = ImageSpec(height=32, width=32)


class LabelIndex(tf.Module):
    """Stands for the transform graph's layer: every label has the index 0."""

    def __call__(self, parsed: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {features.LABEL_INDEX: tf.zeros_like(parsed[features.LABEL], tf.int64)}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolutional network with a hidden layer in its head, as Trainer exports it."""
    folder = tmp_path_factory.mktemp("exported")
    model = Classifier(backbone.load(str(GLYPHS)), 2, MlpHead(hidden_units=(16,), dropout=0.5))
    model.head[0].assign(tf.random.stateless_normal(model.head[0].shape, (1, 2)))
    raw_spec = {features.LABEL: tf.io.FixedLenFeature((), tf.string)}
    transform: Any = SimpleNamespace(
        transform_features_layer=LabelIndex, raw_feature_spec=lambda: raw_spec
    )
    export.export(model, ["no", "yes"], SPEC, transform=transform, folder=folder)
    return folder


@pytest.mark.parametrize(
    ("signature", "argument", "empty"),
    [
        (model_layout.SERVE_IMAGES, features.IMAGE_BYTES, np.zeros((0,), object)),
        (model_layout.SERVE_EXAMPLES, model_layout.EXAMPLES, np.zeros((0,), object)),
        (model_layout.SERVE_PIXELS, model_layout.PIXELS, np.zeros((0, 32, 32, 3), np.uint8)),
        (model_layout.TRANSFORM_LABELS, model_layout.EXAMPLES, np.zeros((0,), object)),
    ],
)
def test_every_signature_answers_an_empty_batch_with_nothing(
    exported: Path, signature: str, argument: str, empty: Any
) -> None:
    """With oneDNN's kernels a convolution fails on no rows, so none may reach the backbone."""
    serve = tf.saved_model.load(str(exported)).signatures[signature]
    dtype = tf.uint8 if empty.dtype == np.uint8 else tf.string
    answers = serve(**{argument: tf.constant(empty, dtype, empty.shape)})
    assert {len(answer) for answer in answers.values()} == {0}
    if model_layout.SCORES in answers:
        assert answers[model_layout.SCORES].shape == (0, 2)


def test_pixels_and_bytes_get_the_same_scores(exported: Path) -> None:
    signatures = tf.saved_model.load(str(exported)).signatures
    pixels = picture(32, 32)
    by_bytes = signatures[model_layout.SERVE_IMAGES](image_bytes=tf.constant([encoded(pixels)]))
    by_pixels = signatures[model_layout.SERVE_PIXELS](pixels=tf.constant(pixels[None]))
    np.testing.assert_allclose(
        by_bytes[model_layout.SCORES], by_pixels[model_layout.SCORES], rtol=0, atol=1e-6
    )


def test_a_request_sees_what_a_viewer_shows_or_is_refused(exported: Path) -> None:
    serve = tf.saved_model.load(str(exported)).signatures[model_layout.SERVE_IMAGES]
    pixels, shape = picture(32, 32), picture(32, 32, 4)
    masks = (0xFF000000, 0xFF0000, 0xFF00, 0xFF)
    by_masks = bmp(by_pixel(pixels, "1BGR"), 32, 32, masks=masks, header=108)
    white = Image.new("RGBA", (32, 32), "white")
    white.alpha_composite(Image.fromarray(shape))
    alike = [[encoded(pixels), by_masks], [encoded(shape), encoded(np.array(white.convert("RGB")))]]
    for contents in alike:
        scores = serve(image_bytes=tf.constant(contents))[model_layout.SCORES].numpy()
        np.testing.assert_allclose(scores[0], scores[1], rtol=0, atol=1e-6)
    compressed = bmp([b"\0" * 40], 32, 8, compression=1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a compressed BMP is not decoded"):
        serve(image_bytes=tf.constant([encoded(pixels), compressed]))


def test_the_signature_for_devices_has_no_branch(exported: Path) -> None:
    """What answers an empty batch is decided when the batch of one is fixed."""
    content = lite.convert(exported, "float16", picture(32, 32)[None])
    interpreter = tf.lite.Interpreter(model_content=content)
    names = {operation["op_name"] for operation in interpreter._get_ops_details()}
    assert "CONV_2D" in names
    assert not names & {"IF", "WHILE"}


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 70])
def test_parts_give_the_same_scores_as_the_whole_and_limit_the_images_at_a_time(count: int) -> None:
    sizes: list[int] = []

    def score(texts: tf.Tensor) -> tf.Tensor:
        sizes.append(int(texts.shape[0]))
        numbers = tf.strings.to_number(texts)
        return tf.stack([numbers, -numbers], axis=1)

    texts = tf.constant([str(i) for i in range(count)], shape=(count,), dtype=tf.string)
    whole = np.stack([np.arange(count), -np.arange(count)], axis=1)
    np.testing.assert_array_equal(export.in_parts(score, texts, 2).numpy(), whole)
    assert sum(sizes) == count
    assert all(size <= AT_ONCE for size in sizes)
