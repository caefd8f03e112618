"""What TensorFlow and Pillow decode, held against each other."""

import struct
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.image_example_gen import check, decoding
from modules.settings import WHITE
from tests.conftest import encoded, picture
from tests.image_files import RGB_MASKS, bmp, by_pixel, gif, png, segment, tiff

RED = np.zeros((24, 40, 3), np.uint8) + np.array([250, 20, 10], np.uint8)
PHOTO = encoded(picture(), "JPEG")
BY_MASKS = bmp(
    by_pixel(picture(), "1BGR"), 40, 32, masks=(0xFF000000, 0xFF0000, 0xFF00, 0xFF), header=108
)


def fooled(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Has TensorFlow decode something else: its own decoder where a file is no JPEG, changed."""

    def whole(content: bytes, background: Any) -> Any:
        pixels = tf.io.decode_image(content, channels=3, expand_animations=False)
        return tf.constant(change(pixels.numpy())), tf.constant(1)

    def shrunk(content: Any) -> Any:
        return tf.constant(change(tf.io.decode_jpeg(content, channels=3, ratio=8).numpy()))

    def together(contents: Any) -> Any:
        return [shrunk(one) for one in contents]

    monkeypatch.setattr(decoding, "whole", whole)
    monkeypatch.setattr(decoding, "opaque_png", lambda content: whole(content, WHITE)[0])
    monkeypatch.setattr(decoding, "shrunk_jpeg", shrunk)
    monkeypatch.setattr(decoding, "shrunk_jpegs", together)


def test_a_picture_that_decoders_see_differently_is_refused_whatever_its_format(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = [encoded(RED, form) for form in ("JPEG", "PNG", "GIF", "BMP")]
    fooled(monkeypatch, lambda pixels: pixels[..., ::-1])  # red for blue
    for content in contents:
        with pytest.raises(
            check.BadImageError, match=r"decoders do not agree.* 2[34]\d apart; save"
        ):
            check.examine(content)
    fooled(monkeypatch, lambda pixels: pixels)
    for content in contents:
        check.examine(content)
    with pytest.raises(check.BadImageError, match="decoders do not agree"):
        check.examine(BY_MASKS)
    fooled(monkeypatch, lambda pixels: pixels[:-1])
    with pytest.raises(check.BadImageError, match="40 x 23 and 40 x 24 pixels"):
        check.examine(contents[1])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_short_way_to_an_opaque_png_leads_to_what_training_sees(channels: int) -> None:
    content = encoded(picture(channels=channels))
    pixels, _ = decoding.whole(content, WHITE)
    np.testing.assert_array_equal(decoding.opaque_png(content), pixels)


def test_where_one_of_a_kind_differs_all_of_them_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grey = encoded(np.full((24, 40, 3), 90, np.uint8), "JPEG")
    fooled(monkeypatch, lambda pixels: pixels[..., ::-1])
    reds = [encoded(RED, "JPEG", orientation=None)] * (decoding.TOGETHER - 1)
    result = check.examine_all([*reds, grey])
    assert [isinstance(one, check.BadImageError) for one in result] == [True] * len(reds) + [False]


def test_a_turn_that_training_would_not_see_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = PHOTO[:2] + segment(0xE1, b"Exif\0\0" + tiff(6)) + PHOTO[2:]
    assert check.examine(turned).width == 40
    monkeypatch.setattr(decoding, "orientation_of_jpeg", lambda content: tf.constant(1))
    with pytest.raises(check.BadImageError, match="EXIF orientation is not read: it says 6, and 1"):
        check.examine(turned)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_any_depth_is_compared_in_its_own_bits(depth: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 48), np.uint8)
    for key in (0, 1):
        check.examine(png(pixels, depth, 0, (b"tRNS", struct.pack(">H", key))))


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_pngs_of_every_depth_are_decoded_as_pillow_decodes_them(data: st.DataObject) -> None:
    color_type = data.draw(st.sampled_from([0, 2, 3, 4, 6]))
    depths = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
    depth = data.draw(st.sampled_from(depths[color_type]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    pixels = rng.integers(0, 256, (6, 48), np.uint8)
    chunks = []
    if color_type == 3:
        chunks.append((b"PLTE", rng.bytes(3 * 2**depth)))
    if data.draw(st.booleans()) and color_type in (0, 2, 3):
        most = 2 ** min(depth, 8)
        key = [int(level) for level in rng.integers(0, most, 3)]
        told = {0: struct.pack(">H", key[0]), 2: struct.pack(">3H", *key), 3: rng.bytes(most)}
        chunks.append((b"tRNS", told[color_type]))
    if data.draw(st.booleans()):
        chunks.append((b"eXIf", tiff(data.draw(st.integers(1, 8)))))
    content = png(pixels, depth, color_type, *chunks)
    background = data.draw(st.sampled_from([WHITE, (10, 200, 90)]))
    check.examine(content, background=background)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_bmps_of_every_kind_are_decoded_as_pillow_decodes_them(data: st.DataObject) -> None:
    bits = data.draw(st.sampled_from([1, 4, 8, 16, 24, 32]))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    width = data.draw(st.integers(1, 33))
    rows = [rng.bytes((width * bits + 7) // 8) for _ in range(data.draw(st.integers(1, 9)))]
    masks: tuple[int, ...] = ()
    if bits == 32:
        usual = [(), RGB_MASKS, (0xFF000000, 0xFF0000, 0xFF00, 0xFF), (*RGB_MASKS, 0xFF000000)]
        masks = data.draw(st.sampled_from(usual))
    header = data.draw(st.sampled_from([108, 124] if len(masks) > 3 else [40, 108, 124]))
    content = bmp(
        rows,
        width,
        bits,
        masks=masks,
        header=header,
        palette=rng.bytes(4 * 2**bits) if bits <= 8 else b"",
        tail=rng.bytes(data.draw(st.integers(0, 9))),
        top_down=data.draw(st.booleans()),
    )
    check.examine(content)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_gifs_wherever_their_picture_is_are_decoded_as_pillow_decodes_them(
    data: st.DataObject,
) -> None:
    left, top = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 30))
    canvas = (data.draw(st.integers(1, 90)), data.draw(st.integers(1, 90)))
    options: dict[str, Any] = {"interlace": data.draw(st.integers(0, 1))}
    if data.draw(st.booleans()):
        options["transparency"] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        options["comment"] = b"x" * data.draw(st.integers(1, 700))
    content = gif(picture(), canvas, left, top, **options)
    check.examine(content, background=data.draw(st.sampled_from([WHITE, (10, 200, 90)])))
