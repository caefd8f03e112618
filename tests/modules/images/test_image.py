"""The one image function: eagerly, in tf.data, and against Pillow."""

import io

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from modules.images import exif, image
from modules.settings import ImageSpec
from tests.conftest import encoded, picture

SPEC = ImageSpec(height=16, width=16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    content = encoded(picture(), "JPEG", orientation=orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert upright is not None
    spec = ImageSpec(height=upright.height, width=upright.width)
    made = image.decode(tf.constant(content), spec).numpy().astype(int)
    assert (
        np.abs(made - np.asarray(upright).astype(int)).max() <= 8
    )  # TensorFlow decodes JPEG with the faster DCT


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(order: str) -> None:
    content = bytearray(encoded(picture(), "JPEG", orientation=6))
    start = content.index(b"Exif\0\0") + 6
    ordered = exif_block(order, 6)
    content[start : start + len(ordered)] = ordered
    assert int(exif.orientation(tf.constant(bytes(content)))) == 6


def exif_block(order: str, orientation: int) -> bytes:
    """A TIFF header and a directory of one entry, in the byte order given."""
    import struct

    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}HHHIHH", 1, 0x0112, 3, 1, orientation, 0)


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF"])
def test_formats_without_exif_stand_upright(form: str) -> None:
    assert int(exif.orientation(tf.constant(encoded(picture(), form)))) == 1


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_orientation_of_any_bytes_is_between_1_and_8(tail: bytes) -> None:
    content = encoded(picture(4, 4), "JPEG", orientation=3)
    cut = content.index(b"Exif\0\0") + 6
    assert 1 <= int(exif.orientation(tf.constant(content[:cut] + tail))) <= 8


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_grey_and_alpha_become_rgb(channels: int) -> None:
    pixels = picture(16, 16, channels)
    made = image.decode(tf.constant(encoded(pixels)), SPEC).numpy()
    expected = np.repeat(pixels, 3, axis=-1) if channels == 1 else pixels[..., :3]
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
    made = image.decode(tf.constant(encoded(np.full((*shape, 3), 200, np.uint8))), spec).numpy()
    assert made.shape == (12, 20, 3)
    assert made.max() == 200


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
