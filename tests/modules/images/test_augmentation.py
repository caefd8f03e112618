"""Augmentation: what is drawn, and that seeds alone decide."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance

from modules.errors import InputError
from modules.images import augmentation, mixing
from modules.settings import Augmentation, RandAugment
from modules.settings.augmentation import Needs
from tests.conftest import picture

PIXELS = picture(24, 40)
ALL = Augmentation(flip="both", crop=0.3, color=0.4, rand_augment=RandAugment())
SINGLE = {
    "flip": Augmentation(flip="both"),
    "crop": Augmentation(crop=0.3),
    "color": Augmentation(color=0.4),
    "rand_augment": Augmentation(rand_augment=RandAugment()),
}


def augmented(options: Augmentation, seed: int) -> Any:
    return augmentation.augment(tf.constant(PIXELS), tf.constant([seed, 1]), options).numpy()


@pytest.mark.parametrize("options", [Augmentation(), Augmentation(mixup=0.2, cutmix=1.0)])
def test_options_that_change_no_images_give_back_the_image_itself(options: Augmentation) -> None:
    image = tf.constant(PIXELS)
    assert augmentation.augment(image, tf.constant([1, 2]), options) is image


@pytest.mark.parametrize("name", SINGLE)
def test_the_seed_decides(name: str) -> None:
    result = [augmented(SINGLE[name], seed) for seed in range(12)]
    for seed, image in enumerate(result):
        assert (image.shape, image.dtype) == (PIXELS.shape, np.uint8)
        np.testing.assert_array_equal(image, augmented(SINGLE[name], seed))
    # Flips have four outcomes.
    assert len({image.tobytes() for image in result}) >= (3 if name == "flip" else 9)


@pytest.mark.parametrize("calls", [1, 4])
@pytest.mark.parametrize("static", [True, False])
def test_tf_data_makes_what_eager_mode_makes_whatever_the_parallelism(
    calls: int, static: bool
) -> None:
    def run(number: Any) -> Any:
        image = tf.constant(PIXELS)
        if not static:
            image = tf.ensure_shape(tf.reshape(image, [24, 40, 3] + 0 * number), (None, None, 3))
        return augmentation.augment(image, tf.stack([number, 1]), ALL)

    result = tf.data.Dataset.range(24).map(
        lambda number: run(tf.cast(number, tf.int32)), num_parallel_calls=calls
    )
    assert result.element_spec.dtype == tf.uint8
    assert result.element_spec.shape.as_list() == ([24, 40, 3] if static else [None, None, 3])
    images = list(result.as_numpy_iterator())
    for number, image in enumerate(images):
        np.testing.assert_array_equal(image, augmented(ALL, number))


def test_both_types_of_seed_make_the_same() -> None:
    seeds = tf.constant([3, 4], tf.int32), tf.constant([3, 4], tf.int64)
    first, second = (augmentation.augment(tf.constant(PIXELS), seed, ALL) for seed in seeds)
    np.testing.assert_array_equal(first, second)


def test_half_of_400_images_are_mirrored_each_way_and_exactly() -> None:
    mirrored = {(PIXELS[::y, ::x]).tobytes(): (y, x) for y in (1, -1) for x in (1, -1)}
    run = tf.function(
        lambda seed: augmentation.augment(tf.constant(PIXELS), seed, SINGLE["flip"]),
        autograph=False,
    )
    result = [mirrored[run(tf.constant([2, seed])).numpy().tobytes()] for seed in range(400)]
    # 200 and 100 are expected; four standard deviations are 40 and 35.
    assert 160 <= sum(y == -1 for y, _ in result) <= 240
    assert 160 <= sum(x == -1 for _, x in result) <= 240
    assert all(65 <= result.count(way) <= 135 for way in mirrored.values())


@pytest.mark.parametrize(
    ("flip", "expected"), [("horizontal", PIXELS[:, ::-1]), ("vertical", PIXELS[::-1])]
)
def test_one_way_of_flipping_leaves_the_other(flip: str, expected: Any) -> None:
    options = Augmentation.model_validate({"flip": flip})
    result = {augmented(options, seed).tobytes() for seed in range(20)}
    assert result == {PIXELS.tobytes(), expected.tobytes()}


@pytest.mark.parametrize("shape", [(100, 100), (60, 200)])
@pytest.mark.parametrize("least", [0.08, 0.5, 0.9])
def test_crops_keep_their_share_and_proportions_and_lie_within(
    least: float, shape: tuple[int, int]
) -> None:
    run = tf.function(
        lambda seed: augmentation.crop_box(tf.constant(shape), seed, least), autograph=False
    )
    boxes = np.array([[part.numpy() for part in run(tf.constant([4, i]))] for i in range(400)])
    start, size = boxes[:, 0], boxes[:, 1]
    assert (start >= 0).all()
    assert (start + size <= shape).all()
    height, width = (size / shape).T
    rounding = 0.5 / min(shape) * 2
    share = height * width
    assert least - rounding <= share.min() < least + 0.1
    assert 0.95 < share.max() <= 1.0
    assert share.mean() == pytest.approx((1 + least) / 2, abs=0.15 * (1 - least))
    stretch = np.log(width / height)
    assert np.abs(stretch).max() <= np.log(4 / 3) + 4 * rounding
    assert np.abs(stretch.mean()) < 0.05
    assert stretch.min() < -0.04
    assert stretch.max() > 0.04
    room = np.array(shape) - size
    placed = (start / np.maximum(room, 1))[(room > 2).all(axis=1)]
    assert placed.mean() == pytest.approx(0.5, abs=0.1)
    assert placed.min() == 0.0
    assert placed.max() == 1.0


def test_a_crop_of_everything_is_everything() -> None:
    for seed in range(20):
        start, size = augmentation.crop_box(tf.constant([24, 40]), tf.constant([seed, 0]), 1.0)
        assert (start.numpy().tolist(), size.numpy().tolist()) == ([0, 0], [24, 40])
    changed = augmentation.random_crop(tf.constant(PIXELS), tf.constant([1, 0]), 1.0)
    np.testing.assert_array_equal(changed, PIXELS)


def test_a_crop_is_the_box_scaled_as_pillow_scales_it() -> None:
    for number in range(8):
        seed = tf.constant([number, 5])
        (top, left), (height, width) = (
            part.numpy().tolist()
            for part in augmentation.crop_box(tf.constant(PIXELS.shape[:2]), seed, 0.3)
        )
        box = (left, top, left + width, top + height)
        scaled = Image.fromarray(PIXELS).resize((40, 24), Image.Resampling.BILINEAR, box)
        changed = augmentation.random_crop(tf.constant(PIXELS), seed, 0.3).numpy()
        # Pillow's box sees one pixel beyond its edge; the part alone does not.
        inner = np.abs(changed.astype(int) - np.asarray(scaled).astype(int))[3:-3, 3:-3]
        assert inner.max() <= 1


def test_jitter_is_pillows_three_enhancers_in_any_order() -> None:
    pixels = PIXELS // 4 + 90  # nothing is clipped on the way
    kinds = {
        "brightness": (ImageEnhance.Brightness, 1.2),
        "contrast": (ImageEnhance.Contrast, 1.3),
        "saturation": (ImageEnhance.Color, 0.7),
    }
    factors = {name: tf.constant(factor) for name, (_, factor) in kinds.items()}
    changed = augmentation.enhance(tf.constant(pixels), **factors).numpy().astype(int)
    for order in (list(kinds), list(kinds)[::-1]):
        image = Image.fromarray(pixels)
        for name in order:
            enhancer, factor = kinds[name]
            image = enhancer(image).enhance(factor)
        # Pillow cuts off what is after the point, three times.
        assert np.abs(changed - np.asarray(image).astype(int)).max() <= 3


def test_jitter_of_nothing_leaves_the_image() -> None:
    changed = augmentation.jitter(tf.constant(PIXELS), tf.constant([1, 2]), 0.0)
    np.testing.assert_array_equal(changed, PIXELS)


def test_jitters_factors_are_drawn_apart_from_each_other_and_within_their_range() -> None:
    flat = np.full((1, 1, 3), 100, np.uint8)  # neither contrast nor saturation changes it
    run = tf.function(lambda seed, x: augmentation.jitter(x, seed, 0.4), autograph=False)
    levels = [run(tf.constant([1, i]), tf.constant(flat)).numpy()[0, 0, 0] for i in range(200)]
    assert 60 <= min(levels) < 66
    assert 134 < max(levels) <= 140
    assert 94 < np.mean(levels) < 106
    halves = np.array([[[80] * 3, [120] * 3]], np.uint8)
    both = np.array(
        [run(tf.constant([1, i]), tf.constant(halves)).numpy()[0, :, 0] for i in range(200)]
    )
    spread = (both[:, 1].astype(float) - both[:, 0]) / both.mean(axis=1) / 0.4
    assert 0.55 < spread.min() < 0.7
    assert 1.3 < spread.max() < 1.45
    assert abs(np.corrcoef(spread, both.mean(axis=1))[0, 1]) < 0.3


def test_each_option_draws_the_same_with_or_without_the_others() -> None:
    with_color = Augmentation(flip="horizontal", color=0.01)
    for seed in range(10):
        changed = augmented(with_color, seed).astype(int)
        alone = augmented(Augmentation(flip="horizontal"), seed).astype(int)
        assert np.abs(changed - alone).max() <= 10


def inverted(image: Any, seed: Any, share: float = 1.0) -> Any:
    """A user's own operation: inverts so many of the images."""
    chosen = tf.random.stateless_uniform([], seed) < share
    return tf.where(chosen, 255 - image, image)


def as_floats(image: Any, seed: Any) -> Any:
    return tf.cast(image, tf.float32)


def own(**options: Any) -> Augmentation:
    return Augmentation.model_validate(options)


def test_the_tables_have_the_operations_of_the_settings_in_their_order() -> None:
    assert (*augmentation.TABLE, "operations") == Augmentation.names(Needs.IMAGE)
    assert tuple(mixing.TABLE) == Augmentation.names(Needs.BATCH)


@pytest.mark.parametrize("name", [*augmentation.TABLE, "operations", *mixing.TABLE])
def test_each_operation_is_off_by_default_and_on_by_itself(name: str) -> None:
    values = {"crop": 0.5, "flip": "both", "color": 0.1, "rand_augment": {}, "operations": ["a:b"]}
    options = own(**{name: values.get(name, 0.2)})
    assert not Augmentation().is_on(name)
    assert [key for key in Augmentation.model_fields if options.is_on(key)] == [name]
    assert options.mixes == (name in mixing.TABLE) != options.augments_images


def test_a_users_own_operation_comes_last_with_its_arguments_and_a_seed_of_its_own() -> None:
    name = f"{__name__}:inverted"
    both = augmented(own(crop=0.3, operations=[name]), 3)
    np.testing.assert_array_equal(both, 255 - augmented(SINGLE["crop"], 3))
    some = own(operations=[{"name": name, "share": 0.5}, {"name": name, "share": 0.5}])
    outcomes = [np.array_equal(augmented(some, seed), PIXELS) for seed in range(40)]
    assert 10 < sum(outcomes) < 30  # Both or neither inverted it; with one seed for both, always.


def test_an_operation_that_gives_no_such_image_is_refused() -> None:
    with pytest.raises(InputError) as error:
        augmented(own(operations=[f"{__name__}:as_floats"]), 0)
    assert str(error.value) == (
        f"finetune.augmentation.operations: {__name__}:as_floats turns uint8 (24, 40, 3) into "
        "float32 (24, 40, 3), must be uint8 of the same shape"
    )
    with pytest.raises(InputError, match="would get 2 arguments and sigma"):
        augmented(own(operations=[{"name": f"{__name__}:as_floats", "sigma": 1}]), 0)
