"""The one image function: eagerly, in tf.data, and against Pillow."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from modules.images import image
from modules.settings import ImageSpec
from tests.conftest import encoded, picture

SPEC = ImageSpec(height=16, width=16)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_and_alpha_become_rgb(channels: int) -> None:
    pixels = picture(16, 16, channels)
    made = image.decode(tf.constant(encoded(pixels)), SPEC).numpy()
    expected = np.repeat(pixels, 3, axis=-1) if channels == 1 else pixels[..., :3].astype(int)
    if channels == 4:
        opacity = pixels[..., 3:].astype(int)
        expected = np.round((expected * opacity + 255 * (255 - opacity)) / 255)
    np.testing.assert_array_equal(made, expected)


def test_crop_keeps_the_middle_and_pad_keeps_all() -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:, 8:24] = 255
    content = tf.constant(encoded(pixels))
    cropped = image.decode(content, ImageSpec(height=16, width=16, resize="crop")).numpy()
    padded = image.decode(content, ImageSpec(height=32, width=32, resize="pad")).numpy()
    assert cropped.min() == 255
    np.testing.assert_array_equal(padded[8:24], pixels)
    assert padded[:8].max() == padded[24:].max() == 0


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (7, 5)])
@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_odd_proportions_come_to_the_size_asked_for(shape: tuple[int, int], resize: str) -> None:
    spec = ImageSpec.model_validate({"height": 12, "width": 20, "resize": resize})
    pixels = image.decode(tf.constant(encoded(np.full((*shape, 3), 200, np.uint8))), spec).numpy()
    assert pixels.shape == (12, 20, 3)
    assert pixels.max() == 200


def test_downscaling_is_antialiased_as_in_pillow() -> None:
    pixels = picture(90, 120)
    made = image.decode(tf.constant(encoded(pixels)), SPEC).numpy().astype(int)
    pillow = Image.fromarray(pixels).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.abs(made - np.asarray(pillow).astype(int)).max() <= 2


def test_range_is_linear_between_its_ends() -> None:
    levels = tf.constant([0, 51, 255], tf.uint8)
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
        spec = ImageSpec(height=1, width=1, input_range=(low, high))
        expected = [low, low + (high - low) / 5, high]
        np.testing.assert_allclose(image.to_range(levels, spec).numpy(), expected, rtol=1e-5)


def test_it_gives_the_same_in_tf_data_and_in_a_batch() -> None:
    contents = [encoded(picture()), encoded(picture(50, 30), "JPEG", orientation=8)]
    alone = [image.decode(tf.constant(content), SPEC).numpy() for content in contents]
    dataset = tf.data.Dataset.from_tensor_slices(contents).map(lambda x: image.decode(x, SPEC))
    np.testing.assert_array_equal(np.stack(list(dataset.as_numpy_iterator())), alone)
    np.testing.assert_array_equal(image.decode_batch(tf.constant(contents), SPEC).numpy(), alone)


@pytest.mark.parametrize("content", [b"", b"text", encoded(picture(), "JPEG")[:200]])
def test_what_is_no_whole_image_raises(content: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        image.decode(tf.constant(content), SPEC)
