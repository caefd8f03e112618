"""RandAugment: each operation against Pillow, and what is drawn."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from modules.images import rand_augment
from modules.settings import RandAugment
from tests.conftest import picture

Pixels = npt.NDArray[np.uint8]
NAMES = list(rand_augment.OPERATIONS)
NOISE = np.random.default_rng(0).integers(0, 256, (23, 31, 3), dtype=np.uint8)
# A channel each that is narrow, that is lopsided, and that has one level alone.
LOPSIDED = np.stack(
    [NOISE[..., 0] // 4 + 90, (NOISE[..., 1] // 16) ** 2, np.full_like(NOISE[..., 2], 77)], axis=-1
)
PICTURES = {"noise": NOISE, "lopsided": LOPSIDED, "smooth": picture(23, 31)}
FACTORS = [0.1, 0.55, 1.0, 1.9]


def furthest(changed: tf.Tensor, expected: Any) -> int:
    """By how many levels two images differ at most."""
    return int(np.abs(changed.numpy().astype(int) - np.asarray(expected).astype(int)).max())


@pytest.mark.parametrize("name", PICTURES)
def test_levels_are_mapped_as_pillow_maps_them(name: str) -> None:
    pixels, pillow = PICTURES[name], Image.fromarray(PICTURES[name])
    np.testing.assert_array_equal(
        rand_augment.equalize(pixels), np.asarray(ImageOps.equalize(pillow))
    )
    assert furthest(rand_augment.autocontrast(pixels), ImageOps.autocontrast(pillow)) <= 1
    for threshold in (0, 1, 100, 255, 256):
        np.testing.assert_array_equal(
            rand_augment.solarize(pixels, threshold),
            np.asarray(ImageOps.solarize(pillow, threshold)),
        )
    for bits in range(1, 9):
        np.testing.assert_array_equal(
            rand_augment.posterize(pixels, bits), np.asarray(ImageOps.posterize(pillow, bits))
        )


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", PICTURES)
def test_color_contrast_and_brightness_are_pillows(name: str, factor: float) -> None:
    pixels, pillow = PICTURES[name], Image.fromarray(PICTURES[name])
    # Pillow rounds grey to a level before it blends, and cuts off what a blend has after the point.
    assert (
        furthest(rand_augment.color(pixels, factor), ImageEnhance.Color(pillow).enhance(factor))
        <= 1
    )
    assert (
        furthest(
            rand_augment.contrast(pixels, factor), ImageEnhance.Contrast(pillow).enhance(factor)
        )
        <= 1
    )
    changed = rand_augment.brightness(pixels, factor)
    assert furthest(changed, ImageEnhance.Brightness(pillow).enhance(factor)) <= 1


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", PICTURES)
def test_sharpness_is_pillows_but_on_the_border(name: str, factor: float) -> None:
    pixels = PICTURES[name]
    expected = np.asarray(ImageEnhance.Sharpness(Image.fromarray(pixels)).enhance(factor))
    changed = rand_augment.sharpness(pixels, factor)
    assert furthest(changed[1:-1, 1:-1], expected[1:-1, 1:-1]) <= 1


def transformed(
    pixels: Pixels, matrix: tuple[float, float, float, float]
) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """What Pillow makes of an image turned or slanted about its middle, and where it is sure.

    Pillow does not blend with the fill on the way out of the image; within a pixel of that, it
    makes something else.
    """
    height, width = pixels.shape[:2]
    (a, b, d, e), x, y = matrix, width / 2, height / 2
    data = (a, b, x - a * x - b * y, d, e, y - d * x - e * y)

    def run(array: Pixels, fill: int) -> Pixels:
        image = Image.fromarray(array)
        affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
        colour = (fill,) * 3 if array.ndim == 3 else fill
        return np.asarray(image.transform(image.size, affine, data, bilinear, fillcolor=colour))

    covered = run(np.full((height, width), 255, np.uint8), 0) > 0
    padded = np.pad(covered, 1)
    neighbours = np.stack(
        [np.roll(padded, (i, j), (0, 1))[1:-1, 1:-1] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    )
    frame = np.zeros((height, width), bool)
    frame[1:-1, 1:-1] = True
    sure = (neighbours.all(axis=0) & frame) | ~neighbours.any(axis=0)
    return run(pixels, rand_augment.FILL), sure


def geometry_is_pillows(
    changed: tf.Tensor, pixels: Pixels, matrix: tuple[float, float, float, float]
) -> None:
    expected, sure = transformed(pixels, matrix)
    assert sure.mean() > 0.6
    assert furthest(changed[sure], expected[sure]) <= 1


@pytest.mark.parametrize("degrees", [-30.0, 0.0, 12.5, 30.0])
@pytest.mark.parametrize("name", ["noise", "smooth"])
def test_rotation_is_pillows(name: str, degrees: float) -> None:
    pixels = PICTURES[name]
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    changed = rand_augment.rotate(pixels, tf.constant(math.radians(degrees)))
    geometry_is_pillows(changed, pixels, (cosine, -sine, sine, cosine))
    pillow = np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BILINEAR))
    assert furthest(changed[7:16, 9:22], pillow[7:16, 9:22]) <= 1


@pytest.mark.parametrize("slope", [-0.3, 0.07, 0.3])
@pytest.mark.parametrize("name", ["noise", "smooth"])
def test_shearing_is_pillows(name: str, slope: float) -> None:
    pixels = PICTURES[name]
    geometry_is_pillows(rand_augment.shear(pixels, slope, 0.0), pixels, (1.0, slope, 0.0, 1.0))
    geometry_is_pillows(rand_augment.shear(pixels, 0.0, slope), pixels, (1.0, 0.0, slope, 1.0))


@pytest.mark.parametrize("share", [-0.4, 0.1])
def test_translation_moves_whole_pixels_and_fills_with_grey(share: float) -> None:
    x, y = round(share * 31), round(share * 23)
    for changed, data in (
        (rand_augment.translate(NOISE, share, 0.0), (1, 0, x, 0, 1, 0)),
        (rand_augment.translate(NOISE, 0.0, share), (1, 0, 0, 0, 1, y)),
    ):
        expected = Image.fromarray(NOISE).transform(
            (31, 23), Image.Transform.AFFINE, data, fillcolor=(rand_augment.FILL,) * 3
        )
        np.testing.assert_array_equal(changed, np.asarray(expected))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(23, 31), (1, 1), (1, 5), (2, 2)])
def test_no_operation_changes_the_size(name: str, shape: tuple[int, int]) -> None:
    pixels = np.ascontiguousarray(NOISE[: shape[0], : shape[1]])
    for level in (0.0, 1.0):
        changed = rand_augment.OPERATIONS[name](pixels, level, tf.constant(-1.0))
        assert (tuple(changed.shape), changed.dtype) == ((*shape, 3), np.uint8)


def test_magnitude_0_leaves_the_image_but_for_the_two_that_have_no_strength() -> None:
    changed = [
        name
        for name, operation in rand_augment.OPERATIONS.items()
        if furthest(tf.constant(operation(LOPSIDED, 0.0, tf.constant(1.0))), LOPSIDED)
    ]
    assert changed == ["autocontrast", "equalize"]


def test_signs_go_both_ways_and_more_magnitude_goes_further() -> None:
    signed = set(NAMES) - {"identity", "autocontrast", "equalize", "solarize", "posterize"}
    pixels = picture(23, 31)
    for name, operation in rand_augment.OPERATIONS.items():
        result = {
            (level, sign): np.asarray(operation(pixels, level, tf.constant(sign))).astype(int)
            for level in (0.3, 1.0)
            for sign in (1.0, -1.0)
        }
        differ = bool((result[1.0, 1.0] != result[1.0, -1.0]).any())
        assert differ == (name in signed), name
        if name not in ("identity", "autocontrast", "equalize"):
            little, much = (np.abs(result[level, -1.0] - pixels).mean() for level in (0.3, 1.0))
            assert much > little > 0, name


def marked(ran: list[str]) -> dict[str, rand_augment.Operation]:
    """Operations that leave the image and note their names when they are run."""

    def noting(name: str) -> rand_augment.Operation:
        def note(image: Any, level: Any, sign: Any) -> Any:
            ran.append(f"{name} {float(level):.2f} {int(sign):+d}")
            return image

        return lambda image, level, sign: tf.ensure_shape(
            tf.py_function(note, [image, level, sign], tf.uint8), image.shape
        )

    return {name: noting(name) for name in NAMES}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names, strengths and signs of the operations that have been run."""
    notes: list[str] = []
    monkeypatch.setattr(rand_augment, "OPERATIONS", marked(notes))
    return notes


def graph_of(options: RandAugment) -> Callable[[Any, Any], Any]:
    def run(image: Any, seed: Any) -> Any:
        return rand_augment.rand_augment(image, seed, options)

    specs = [tf.TensorSpec(NOISE.shape, tf.uint8), tf.TensorSpec([2], tf.int64)]
    result: Callable[[Any, Any], Any] = tf.function(run, input_signature=specs, autograph=False)
    return result


def test_only_the_operations_drawn_are_run_each_as_often_as_any_other(ran: list[str]) -> None:
    run = graph_of(RandAugment(layers=2, magnitude=5.0))
    for seed in range(350):
        run(NOISE, [3, seed])
    names, levels, signs = zip(*(note.split() for note in ran), strict=True)
    assert len(ran) == 700
    assert set(levels) == {"0.50"}
    assert 300 < signs.count("+1") < 400
    # 50 of each are expected; four standard deviations are 27.
    assert all(23 <= names.count(name) <= 77 for name in NAMES)
    # The two layers are drawn apart: of 350 pairs, 25 have one name and 175 one sign.
    same_name, same_sign = (
        sum(first == second for first, second in zip(column[::2], column[1::2], strict=True))
        for column in (names, signs)
    )
    assert 6 <= same_name <= 45
    assert 138 <= same_sign <= 212


@pytest.mark.parametrize("layers", [1, 3])
def test_as_many_operations_run_as_there_are_layers(ran: list[str], layers: int) -> None:
    rand_augment.rand_augment(tf.constant(NOISE), tf.constant([1, 2]), RandAugment(layers=layers))
    assert len(ran) == layers


def test_a_graph_makes_what_eager_mode_makes_of_either_type_of_seed() -> None:
    options = RandAugment()
    run = graph_of(options)
    distinct = set()
    for number in range(40):
        result = run(NOISE, [number, 7]).numpy()
        seed = tf.constant([number, 7], tf.int32)
        alone = rand_augment.rand_augment(tf.constant(NOISE), seed, options)
        np.testing.assert_array_equal(result, alone)
        distinct.add(result.tobytes())
    assert len(distinct) > 30  # two layers of no effect are rare
