"""Which bytes are images that training and serving can decode, and what is told of them."""

import contextlib
import dataclasses
import io
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from components.image_example_gen import check, compare
from modules.images import image
from modules.settings import WHITE, ImageSpec
from tests.conftest import PROJECT, encoded, picture
from tests.image_files import bmp, by_pixel, chunk, saved


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a text file", "not a JPEG, PNG, GIF or BMP"),
        (encoded(picture(), "JPEG")[:300], "Truncated File Read"),
        (encoded(picture(), "JPEG")[:-40], "not a whole image"),
        (encoded(picture(), "PNG")[:80], "not a whole image"),
        (encoded(picture(), "PNG")[:-12], "not a whole image"),  # its end marker is gone
        (encoded(picture(), "TIFF"), "not a JPEG, PNG, GIF or BMP"),
        (bmp([b"\0" * 40], 40, 8, compression=1), "not a whole image: .*compressed BMP"),
    ],
)
def test_what_training_could_not_decode_is_told_with_its_reason(
    content: bytes, reason: str
) -> None:
    with pytest.raises(check.BadImageError, match=reason):
        check.examine(content)


def png_that_claims(width: int, height: int) -> bytes:
    """The start of a PNG, with a header that says so."""
    content = encoded(picture(), "PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


# Pillow warns above 89 million pixels, and opens nothing above 179 million.
@pytest.mark.parametrize("side", [10_000, 13_000, 14_000, 2_000_000_000])
def test_only_our_own_limit_of_pixels_holds(side: int) -> None:
    content = png_that_claims(side, side)
    with pytest.raises(check.BadImageError, match=f"too many pixels: {side} x {side}, and data"):
        check.examine(content, max_pixels=side * side - 1)
    if side == 14_000:
        with pytest.raises(check.BadImageError, match="not a whole image"):
            check.examine(content, max_pixels=side * side)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP"])
def test_facts_of_a_good_image(form: str) -> None:
    white = np.full((20, 30, 3), 255, np.uint8)
    facts = check.examine(encoded(white, form))
    assert (facts.width, facts.height, facts.format) == (30, 20, form)
    assert facts.brightness == pytest.approx(1.0, abs=0.01)


def decoded_if_accepted(content: bytes) -> None:
    """What the check takes, training and serving take; it never raises anything of its own."""
    with contextlib.suppress(check.BadImageError):
        assert check.examine(content, max_pixels=1 << 20).bytes == len(content)
        spec = ImageSpec(height=8, width=8)
        assert image.decode(tf.constant(content), spec).shape == (8, 8, 3)


def mutated(data: st.DataObject, content: bytes) -> bytes:
    """Bytes changed, cut out, doubled or cut off at the end."""
    result = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(result) - 1))
        length = data.draw(st.integers(1, 16))
        kind = data.draw(st.sampled_from(["change", "cut", "double", "end"]))
        if kind == "change":
            result[start : start + length] = data.draw(st.binary(min_size=length, max_size=length))
        elif kind == "cut" and len(result) > length:
            del result[start : start + length]
        elif kind == "double":
            result[start:start] = result[start : start + length]
        elif start:
            del result[start:]
    return bytes(result)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_mutated_images_are_taken_or_refused_but_never_crash(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP"]))
    decoded_if_accepted(mutated(data, encoded(picture(), form)))


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_mutated_real_images_are_taken_or_refused_but_never_crash(
    data: st.DataObject, shared: Path
) -> None:
    photos = sorted((shared / "data" / "sign_language_digits" / "3").iterdir())[:5]
    digits = sorted((PROJECT / "data" / "digits" / "3").iterdir())[:5]
    content = data.draw(st.sampled_from([*photos, *digits])).read_bytes()
    decoded_if_accepted(mutated(data, content))


def test_images_checked_together_are_judged_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    jpegs = [encoded(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8), "JPEG") for _ in range(40)]
    jpegs[20] = jpegs[20][:-50]
    contents = [b"", *jpegs, encoded(picture()), b"text"]
    together = check.examine_all(contents)
    for content, checked in zip(contents, together, strict=True):
        if isinstance(checked, check.BadImageError):
            with pytest.raises(check.BadImageError, match=re.escape(str(checked))):
                check.examine(content)
        else:
            alone = check.examine(content)
            assert dataclasses.replace(checked, brightness=0.0) == dataclasses.replace(
                alone, brightness=0.0
            )
            assert checked.brightness == pytest.approx(alone.brightness, abs=1e-5)
    assert sum(isinstance(checked, check.BadImageError) for checked in together) == 3


def variants() -> dict[str, bytes]:
    """Images of every kind that cameras and editors write."""
    rgb = Image.fromarray(picture())
    forms: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "CMYK JPEG": (rgb.convert("CMYK"), "JPEG", {}),
        "grey JPEG": (rgb.convert("L"), "JPEG", {}),
        "progressive JPEG": (rgb, "JPEG", {"progressive": True}),
        "JPEG with a second picture": (rgb, "MPO", {"save_all": True, "append_images": [rgb]}),
        "16-bit PNG": (Image.fromarray(picture(channels=1)[..., 0] * np.uint16(257)), "PNG", {}),
        "palette PNG": (rgb.convert("P"), "PNG", {"transparency": 3}),
        "1-bit PNG": (rgb.convert("1"), "PNG", {}),
        "PNG of grey and alpha": (rgb.convert("LA"), "PNG", {}),
        "animated GIF": (rgb, "GIF", {"save_all": True, "append_images": [rgb.rotate(180)]}),
        "grey BMP": (rgb.convert("L"), "BMP", {}),
        "BMP with a palette": (rgb.convert("P"), "BMP", {}),
        "BMP of 32 bits": (rgb.convert("RGBA"), "BMP", {}),
    }
    return {name: saved(one, form, **options) for name, (one, form, options) in forms.items()}


@pytest.mark.parametrize(("name", "content"), variants().items())
def test_every_kind_of_image_is_taken_and_decoded_as_pillow_does(name: str, content: bytes) -> None:
    facts = check.examine(content)
    spec = ImageSpec(height=facts.height, width=facts.width)
    pixels = image.decode(tf.constant(content), spec).numpy().astype(int)
    assert compare.difference(content, pixels.astype(np.uint8), WHITE) == ""
    if name != "palette PNG":  # which is transparent in part
        with Image.open(io.BytesIO(content)) as opened:
            # Pillow cuts 16 bits off at 255, where TensorFlow keeps the upper half of each.
            grey = picture(channels=1).repeat(3, axis=-1)
            expected = grey if name == "16-bit PNG" else np.asarray(opened.convert("RGB"))
        assert np.abs(pixels - expected.astype(int)).max() <= 8
    assert facts.brightness == pytest.approx(pixels.mean() / 255, abs=0.1)


def test_bytes_behind_the_pixels_of_a_bmp_are_taken() -> None:
    content = bmp(by_pixel(picture(), "BGR"), 40, 24, tail=b"T" * 57)
    assert check.examine(content).bytes == len(content)


def test_facts_are_those_of_the_image_on_its_background() -> None:
    shape = np.zeros((10, 10, 4), np.uint8)
    shape[:5, :, 3] = 255  # black above, nothing below
    content = encoded(shape)
    assert check.examine(content).brightness == pytest.approx(0.5)
    assert check.examine(content, background=(0, 0, 0)).brightness == 0.0
    assert check.examine(content, background=(0, 0, 0)).color == "#000000"
    assert check.examine(content).color == ""


FINE = (np.indices((12, 12)).sum(axis=0) % 2 * 200).astype(np.uint8)


@pytest.mark.parametrize(
    ("content", "color"),
    [
        (encoded(np.full((24, 40, 3), 90, np.uint8), "JPEG"), "#5a5a5a"),
        (encoded(np.zeros((24, 40, 3), np.uint8) + np.array([250, 20, 10], np.uint8)), "#fa140a"),
        (encoded(np.zeros((9, 9, 4), np.uint8)), "#ffffff"),
        (encoded(picture()), ""),
        (saved(Image.fromarray(FINE), "JPEG", quality=100), ""),
    ],
)
def test_an_image_of_one_colour_is_known_by_it(content: bytes, color: str) -> None:
    assert check.examine(content).color == color


def test_a_damaged_note_in_a_png_does_not_keep_it_out() -> None:
    whole = encoded(picture())
    note = bytearray(chunk(b"tEXt", b"Comment\0hand"))
    note[-1] ^= 1
    assert check.examine(whole[:-12] + bytes(note) + whole[-12:]).width == 40
