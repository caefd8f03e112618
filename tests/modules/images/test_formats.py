"""Files as viewers show them: masks and palettes of BMPs, transparency, inks."""

import io
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from modules.images import formats, image
from modules.settings import WHITE, Color, ImageSpec
from tests.conftest import encoded, picture
from tests.image_files import RGB_MASKS, bmp, by_pixel, gif, png, saved

RGB = picture()
WIDTH = RGB.shape[1]
PINK = (250, 120, 130)


def decoded(content: bytes, background: Color = WHITE) -> Any:
    return formats.pixels(tf.constant(content), background)[0].numpy().astype(int)


def in_masks_of_16(red: int, green: int, blue: int) -> list[bytes]:
    """Rows of 16 bits a pixel; so many bits for each colour, red in the upper ones."""
    levels = RGB.astype(int)
    parts = [levels[..., i] >> (8 - n) for i, n in enumerate((red, green, blue))]
    values = (parts[0] << (green + blue)) | (parts[1] << blue) | parts[2]
    return [row.astype("<u2").tobytes() for row in values]


FAINT = np.concatenate([RGB, np.full((*RGB.shape[:2], 1), 128, np.uint8)], axis=-1)
NAMED_BY_MASKS = {
    "24 bits": bmp(by_pixel(RGB, "BGR"), WIDTH, 24),
    "24 bits, top down": bmp(by_pixel(RGB, "BGR"), WIDTH, 24, top_down=True),
    "24 bits, OS/2": bmp(by_pixel(RGB, "BGR"), WIDTH, 24, header=12),
    "bytes behind the pixels": bmp(by_pixel(RGB, "BGR"), WIDTH, 24, tail=b"T" * 57),
    "32 bits, last byte 0": bmp(by_pixel(RGB, "BGR0"), WIDTH, 32),
    "32 bits, last byte 255": bmp(by_pixel(RGB, "BGR1"), WIDTH, 32),
    "usual masks": bmp(by_pixel(RGB, "BGR0"), WIDTH, 32, masks=RGB_MASKS),
    "red first": bmp(by_pixel(RGB, "RGB0"), WIDTH, 32, masks=(0xFF, 0xFF00, 0xFF0000)),
    "opacity first": bmp(
        by_pixel(RGB, "1BGR"),
        WIDTH,
        32,
        masks=(0xFF000000, 0xFF0000, 0xFF00, 0xFF),
        header=108,
    ),
    "nothing opaque": bmp(
        by_pixel(RGB, "BGR0"), WIDTH, 32, masks=(*RGB_MASKS, 0xFF000000), header=124
    ),
    "24 bits with masks": bmp(by_pixel(RGB, "RGB"), WIDTH, 24, masks=(0xFF, 0xFF00, 0xFF0000)),
}


@pytest.mark.parametrize("content", NAMED_BY_MASKS.values(), ids=NAMED_BY_MASKS.keys())
def test_a_bmp_is_read_by_its_own_masks(content: bytes) -> None:
    np.testing.assert_array_equal(decoded(content), RGB)


@pytest.mark.parametrize(("bits", "masks"), [((5, 5, 5), ()), ((5, 6, 5), (0xF800, 0x7E0, 0x1F))])
def test_a_bmp_of_16_bits_spreads_its_levels_from_0_to_255(
    bits: tuple[int, int, int], masks: tuple[int, ...]
) -> None:
    pixels = decoded(bmp(in_masks_of_16(*bits), WIDTH, 16, masks=masks))
    expected = [np.round((RGB[..., i] >> (8 - n)) * 255.0 / (2**n - 1)) for i, n in enumerate(bits)]
    np.testing.assert_array_equal(pixels, np.stack(expected, axis=-1))


def test_ten_bits_a_colour_are_scaled_to_eight() -> None:
    levels = RGB.astype(np.uint32) * 4
    rows = [
        row.astype("<u4").tobytes()
        for row in levels[..., 0] << 20 | levels[..., 1] << 10 | levels[..., 2]
    ]
    pixels = decoded(bmp(rows, WIDTH, 32, masks=(0x3FF00000, 0xFFC00, 0x3FF)))
    assert np.abs(pixels - RGB).max() <= 1


def test_opacity_in_a_bmp_is_composed_where_a_mask_names_it() -> None:
    named = bmp(by_pixel(FAINT, "BGRA"), WIDTH, 32, masks=(*RGB_MASKS, 0xFF000000), header=124)
    unnamed = bmp(by_pixel(FAINT, "BGRA"), WIDTH, 32)
    expected = np.round((RGB * 128.0 + np.array(PINK) * 127) / 255)
    np.testing.assert_array_equal(decoded(named, PINK), expected)
    np.testing.assert_array_equal(decoded(unnamed, PINK), RGB)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_a_bmp_with_a_palette_shows_its_colours(mode: str) -> None:
    drawn = Image.fromarray(RGB).convert(mode)
    np.testing.assert_array_equal(decoded(saved(drawn, "BMP")), np.asarray(drawn.convert("RGB")))


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_short_palette_is_read_whatever_the_bits(bits: int) -> None:
    places = (np.arange(24 * 13).reshape(24, 13) % 2).astype(np.uint8)
    spread = np.unpackbits(places[..., None], axis=-1)[..., 8 - bits :].reshape(24, -1)
    rows = [row.tobytes() for row in np.packbits(spread, axis=-1)]
    pixels = decoded(bmp(rows, 13, bits, palette=bytes([10, 20, 30, 0, 40, 50, 60, 0])))
    np.testing.assert_array_equal(pixels, np.array([[30, 20, 10], [60, 50, 40]])[places])


def test_what_fills_up_the_last_row_may_be_missing() -> None:
    rows = by_pixel(RGB[:, :7], "BGR")
    np.testing.assert_array_equal(decoded(bmp(rows, 7, 24)[:-3]), RGB[:, :7])


BAD = {
    "compressed": (bmp([b"\0" * 40], WIDTH, 8, compression=1), "compressed BMP.*save it as PNG"),
    "a PNG within": (bmp([b"\0" * 40], WIDTH, 32, compression=5), "compressed BMP"),
    "cut off": (bmp(by_pixel(RGB, "BGR"), WIDTH, 24)[:-4], "not a whole BMP"),
    "wide beyond all files": (bmp([b""], 1 << 26, 32), "not a whole BMP"),
    "sides beyond all numbers": (bmp([b""] * 9, 0x7FFFFFFF, 32), "too many pixels"),
    "pixels beyond all memory": (bmp([b""] * 9, 1 << 25, 1), "too many pixels"),
    "no width": (bmp([b""], 0, 32), "header"),
    "unknown header": (bmp([b"\0" * 120], WIDTH, 24, header=41), "header"),
    "two bits": (bmp([b"\0" * 120], WIDTH, 2), "header"),
    "only a signature": (b"BM", "header"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bmp_that_cannot_be_read_right_is_refused(content: bytes, reason: str) -> None:
    for run in (
        decoded,
        lambda one: image.decode_batch(tf.constant([one]), ImageSpec(height=8, width=8)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
            run(content)


def faded(mode: str) -> Image.Image:
    """A picture whose opacity runs from none to all."""
    drawn = Image.fromarray(RGB).convert(mode[:-1])
    ramp = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (len(RGB), 1))
    drawn.putalpha(Image.fromarray(ramp))
    return drawn


def on(drawn: Image.Image, background: Color) -> Any:
    """Composed by Pillow."""
    whole = Image.new("RGBA", drawn.size, background)
    whole.alpha_composite(drawn.convert("RGBA"))
    return np.asarray(whole.convert("RGB"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("background", [WHITE, PINK])
def test_a_png_is_composed_as_pillow_composes_it(mode: str, background: Color) -> None:
    drawn = faded(mode)
    pixels = decoded(saved(drawn, "PNG"), background)
    np.testing.assert_array_equal(pixels, on(drawn, background))


@pytest.mark.parametrize("transparency", [3, bytes([0, 128, 255, 7])])
def test_transparent_colours_of_a_palette_are_composed(transparency: int | bytes) -> None:
    content = saved(
        Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=16),
        "PNG",
        transparency=transparency,
    )
    with Image.open(io.BytesIO(content)) as opened:
        np.testing.assert_array_equal(decoded(content, PINK), on(opened, PINK))


def test_the_transparent_colour_of_a_png_without_a_palette_is_composed() -> None:
    pixels = np.array([[[9, 8, 7], [1, 2, 3]]], np.uint8)
    grey, two_bits = np.array([[5, 6]], np.uint8), np.array([[0b00011011]], np.uint8)
    for content, expected in (
        (png(pixels.reshape(1, 6), 8, 2, (b"tRNS", b"\0\1\0\2\0\3")), [[9, 8, 7], PINK]),
        (png(grey, 8, 0, (b"tRNS", b"\0\5")), [PINK, [6, 6, 6]]),
        (png(two_bits, 2, 0, (b"tRNS", b"\0\1")), [[0] * 3, PINK, [170] * 3, [255] * 3]),
    ):
        np.testing.assert_array_equal(decoded(content, PINK)[0], expected)


def test_16_bits_are_cut_to_8_and_composed() -> None:
    wide = np.repeat(FAINT.reshape(len(FAINT), -1), 2, axis=1)
    expected = np.round((RGB * 128.0 + np.array(PINK) * 127) / 255)
    np.testing.assert_array_equal(decoded(png(wide, 16, 6), PINK), expected)


def test_an_opaque_image_is_what_tensorflow_decodes() -> None:
    for content in (encoded(RGB), encoded(RGB, "JPEG"), encoded(RGB, "GIF"), encoded(RGB, "BMP")):
        expected = tf.io.decode_image(content, channels=3, expand_animations=False)
        np.testing.assert_array_equal(decoded(content, PINK), expected)


@pytest.mark.parametrize("options", [{}, {"interlace": 0}, {"comment": b"hands " * 200}])
def test_a_gif_shows_its_picture_in_its_place(options: dict[str, Any]) -> None:
    pixels = decoded(gif(RGB, (60, 50), 7, 9, **options), PINK)
    plain = decoded(saved(Image.fromarray(RGB).convert("P"), "GIF"))
    expected = np.tile(np.array(PINK), (50, 60, 1))
    expected[9 : 9 + 24, 7 : 7 + 40] = plain
    np.testing.assert_array_equal(pixels, expected)


def test_a_picture_beyond_its_gifs_canvas_widens_it() -> None:
    assert decoded(gif(RGB, (20, 20), 5, 0), PINK).shape == (24, 45, 3)


@pytest.mark.parametrize(
    "more", [{}, {"save_all": True, "append_images": [Image.new("P", (40, 24))]}]
)
def test_a_gifs_transparent_colour_is_composed(more: dict[str, Any]) -> None:
    drawn = Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    content = saved(drawn, "GIF", transparency=2, **more)
    with Image.open(io.BytesIO(content)) as opened:
        expected = on(opened, PINK)
    np.testing.assert_array_equal(decoded(content, PINK), expected)
    assert (expected == PINK).all(axis=-1).any()


def test_a_gif_that_claims_a_huge_canvas_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many pixels"):
        decoded(gif(RGB, (65535, 65535), 0, 0))


def test_inks_without_adobes_mark_are_as_viewers_take_them() -> None:
    content = saved(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=95)
    at = content.index(b"\xff\xee")
    unmarked = content[:at] + content[at + 16 :]
    assert content[at + 4 : at + 9] == b"Adobe"
    for one in (content, unmarked):
        assert np.abs(decoded(one) - RGB).max() <= 12


def test_the_background_reaches_every_image_of_a_batch() -> None:
    contents = [saved(faded("RGBA"), "PNG"), encoded(RGB), saved(Image.fromarray(RGB), "GIF")]
    spec = ImageSpec(height=24, width=40, background=PINK)
    pixels = image.decode_batch(tf.constant(contents), spec).numpy()
    np.testing.assert_array_equal(pixels[0], on(faded("RGBA"), PINK))
    np.testing.assert_array_equal(pixels[1], RGB)
