"""What an epoch of a stage holds."""

from typing import Any

import numpy as np
import pytest

from modules.images.batches import TrainingBatches
from tests.modules.bench import digit_images, stage

IMAGES = digit_images(0, 50)
EVERYTHING = {
    "crop": 0.6,
    "flip": "horizontal",
    "color": 0.3,
    "rand_augment": {},
    "mixup": 0.3,
    "cutmix": 1.0,
}
Batches = list[tuple[Any, ...]]


def epoch(number: int, seed: tuple[int, int] = (0, 0), **options: object) -> Batches:
    batches = TrainingBatches(IMAGES.labels, stage(batch_size=16, **options), 10, seed)
    assert batches.steps == 4
    read = batches.epoch(number, IMAGES.pixels).as_numpy_iterator()
    return [(images, targets) for (images,), targets in read]


def flat(batches: Batches) -> Any:
    return np.concatenate([np.ravel(part).astype(np.float64) for row in batches for part in row])


@pytest.mark.parametrize("augmentation", [{}, EVERYTHING])
def test_an_epoch_depends_on_its_seed_stage_and_number_alone(
    augmentation: dict[str, object],
) -> None:
    first = flat(epoch(2, augmentation=augmentation))
    np.testing.assert_array_equal(first, flat(epoch(2, augmentation=augmentation)))
    for other in (epoch(3, augmentation=augmentation), epoch(2, (0, 1), augmentation=augmentation),
                  epoch(2, (1, 0), augmentation=augmentation)):  # fmt: skip
        assert not np.array_equal(first, flat(other))


def test_every_image_comes_once_with_its_label() -> None:
    batches = epoch(1)
    assert [np.shape(images)[0] for images, _ in batches] == [16, 16, 16, 2]
    seen = sorted(
        (image.tobytes(), int(np.argmax(target)))
        for images, targets in batches
        for image, target in zip(images, targets, strict=True)
    )
    expected = sorted(
        (image.tobytes(), int(label))
        for image, label in zip(IMAGES.dataset.as_numpy_iterator(), IMAGES.labels, strict=True)
    )
    assert seen == expected


def test_augmented_images_stay_uint8_and_targets_stay_distributions() -> None:
    for images, targets in epoch(1, augmentation=EVERYTHING):
        assert np.asarray(images).dtype == np.uint8
        assert np.asarray(images).shape[1:] == (32, 32, 3)
        np.testing.assert_allclose(np.sum(targets, axis=-1), 1.0, rtol=1e-5)


def test_epochs_of_one_object_follow_each_other_in_any_order() -> None:
    rule = stage(batch_size=16, augmentation=EVERYTHING)
    batches = TrainingBatches(IMAGES.labels, rule, 10, (0, 0))
    for number in (1, 2, 1):
        read = batches.epoch(number, IMAGES.pixels).as_numpy_iterator()
        mine = flat([(images, targets) for (images,), targets in read])
        np.testing.assert_array_equal(mine, flat(epoch(number, augmentation=EVERYTHING)))


def test_a_kept_variant_is_what_its_epoch_would_have_shown() -> None:
    options = {"crop": 0.6, "flip": "horizontal"}
    rule = stage(batch_size=16, augmentation=options)
    batches = TrainingBatches(IMAGES.labels, rule, 10, (0, 0))
    kept = batches.variant(3, IMAGES.dataset).as_numpy_iterator()
    shown = [image for images, _ in epoch(3, augmentation=options) for image in images]
    assert sorted(one.tobytes() for one in kept) == sorted(one.tobytes() for one in shown)
