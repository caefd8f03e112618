"""EXIF orientation, beside Pillow's ``exif_transpose``."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from modules.images import exif, formats, image
from modules.settings import WHITE, ImageSpec
from tests.conftest import encoded, picture
from tests.image_files import chunk, segment, tiff

JPEG = encoded(picture(), "JPEG")
PNG = encoded(picture(), "PNG")
APP1 = 0xE1


def in_jpeg(*parts: bytes) -> bytes:
    """A JPEG with segments behind its first marker."""
    return JPEG[:2] + b"".join(parts) + JPEG[2:]


def of_exif(content: bytes) -> bytes:
    return segment(APP1, b"Exif\0\0" + content)


def in_png(content: bytes, *, behind: bool = False) -> bytes:
    """A PNG with the chunk eXIf before its pixels, or behind them."""
    at = PNG.index(b"IEND") - 4 if behind else 33
    return PNG[:at] + chunk(b"eXIf", content) + PNG[at:]


def pillow(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def check_as_pillow(content: bytes) -> None:
    upright = pillow(content)
    spec = ImageSpec(height=upright.height, width=upright.width)
    pixels = image.decode(tf.constant(content), spec).numpy().astype(int)
    # TensorFlow decodes JPEG with the faster DCT.
    assert np.abs(pixels - np.asarray(upright).astype(int)).max() <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation: int) -> None:
    check_as_pillow(encoded(picture(), "JPEG", orientation=orientation))


ICC = b"".join(
    segment(0xE2, b"ICC_PROFILE\0" + bytes([i + 1, 7]) + b"\0" * 60000) for i in range(7)
)
WAYS = {
    "short, little-endian": in_jpeg(of_exif(tiff(6))),
    "short, big-endian": in_jpeg(of_exif(tiff(6, ">"))),
    "long, little-endian": in_jpeg(of_exif(tiff(6, "<", 4))),
    "long, big-endian": in_jpeg(of_exif(tiff(6, ">", 4))),
    "signed, big-endian": in_jpeg(of_exif(tiff(6, ">", 9))),
    "behind XMP": in_jpeg(segment(APP1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), of_exif(tiff(6))),
    "behind 420 KB of ICC": in_jpeg(ICC, of_exif(tiff(6))),
    "behind a fill byte": in_jpeg(b"\xff", of_exif(tiff(6))),
    "behind many fill bytes": in_jpeg(b"\xff" * 300, of_exif(tiff(6))),
    "behind bytes between segments": in_jpeg(segment(0xFE, b"x"), b"\0\x01junk", of_exif(tiff(6))),
    "behind 60 segments": in_jpeg(*[segment(0xFE, b"comment")] * 60, of_exif(tiff(6))),
    "behind 300 tags": in_jpeg(of_exif(tiff(6, others=range(0x300, 0x42C)))),
    "directory far behind its header": in_jpeg(of_exif(tiff(6, gap=50_000))),
    "first of two": in_jpeg(of_exif(tiff(6)), of_exif(tiff(3))),
    "a PNG's chunk": in_png(tiff(6)),
    "a PNG's chunk, big-endian": in_png(tiff(6, ">")),
    "a PNG's chunk behind the pixels": in_png(tiff(6), behind=True),
    "a PNG's chunk with a JPEG's mark": in_png(b"Exif\0\0" + tiff(6)),
}


@pytest.mark.parametrize("content", WAYS.values(), ids=WAYS.keys())
def test_orientation_is_read_however_it_is_written(content: bytes) -> None:
    _, orientation = formats.pixels(tf.constant(content), WHITE)
    assert int(orientation) == 6
    check_as_pillow(content)


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "JPEG"])
def test_a_file_without_exif_stands_upright(form: str) -> None:
    assert int(formats.pixels(tf.constant(encoded(picture(), form)), WHITE)[1]) == 1


ODD = {
    "no such orientation": tiff(9),
    "zero": tiff(0),
    "text": tiff(6, kind=2),
    "no TIFF": b"XX" + tiff(6)[2:],
    "another magic number": tiff(6)[:2] + b"\x2c\0" + tiff(6)[4:],
    "directory beyond the end": tiff(6)[:4] + struct.pack("<I", 0x7FFFFFF0) + tiff(6)[8:],
    "directory at a negative place": tiff(6)[:4] + b"\xff\xff\xff\xff" + tiff(6)[8:],
    "cut off": tiff(6)[:15],
    "nothing": b"",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_what_tells_no_orientation_leaves_the_image_as_it_is(content: bytes) -> None:
    for holder in (in_jpeg(of_exif(content)), in_png(content)):
        assert int(formats.pixels(tf.constant(holder), WHITE)[1]) == 1


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_random_directories_are_read_as_pillow_reads_them(data: st.DataObject) -> None:
    content = tiff(
        data.draw(st.integers(1, 8)),
        data.draw(st.sampled_from("<>")),
        data.draw(st.sampled_from([3, 4])),
        sorted(data.draw(st.sets(st.integers(0x200, 0x2FF), max_size=40))),
        data.draw(st.integers(0, 500)) * 2,
    )
    before = [
        segment(0xE2, b"x" * n) for n in data.draw(st.lists(st.integers(0, 2000), max_size=9))
    ]
    holder = in_jpeg(*before, of_exif(content)) if data.draw(st.booleans()) else in_png(content)
    expected = Image.open(io.BytesIO(holder)).getexif().get(0x0112, 1)
    assert int(formats.pixels(tf.constant(holder), WHITE)[1]) == expected


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_orientation_of_any_bytes_is_between_1_and_8(tail: bytes) -> None:
    assert 1 <= int(exif.of_jpeg(tf.constant(b"\xff\xd8\xff" + tail))) <= 8
    assert 1 <= int(exif.of_jpeg(tf.constant(in_jpeg(of_exif(tiff(3)))[:30] + tail))) <= 8
    assert 1 <= int(exif.of_tiff(tf.constant(tiff(3)[:12] + tail))) <= 8
