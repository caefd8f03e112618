"""What an epoch of a stage holds."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

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
    batches = TrainingBatches(IMAGES, stage(batch_size=16, **options), 10, seed)
    assert batches.steps == 4
    return list(batches.epoch(number).as_numpy_iterator())


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
    given = sorted(
        (image.tobytes(), int(label)) for image, label in IMAGES.dataset.as_numpy_iterator()
    )
    assert seen == given


def test_varied_images_stay_uint8_and_targets_stay_distributions() -> None:
    for images, targets in epoch(1, augmentation=EVERYTHING):
        assert np.asarray(images).dtype == np.uint8
        assert np.asarray(images).shape[1:] == (32, 32, 3)
        np.testing.assert_allclose(np.sum(targets, axis=-1), 1.0, rtol=1e-5)


def test_held_out_images_are_never_varied_nor_shuffled() -> None:
    given = [image for image, _ in IMAGES.dataset.as_numpy_iterator()]
    measured = tf.concat([images for images, _ in IMAGES.batches(7)], axis=0)
    np.testing.assert_array_equal(measured, np.stack(given))


def test_an_image_that_does_not_fit_into_memory_is_shuffled_among_those_that_do() -> None:
    images = digit_images(0, 50)
    images = type(images)(images.dataset, images.count, images.by_class, held=5)
    batches = TrainingBatches(images, stage(batch_size=50), 10, (0, 0))
    ((seen, _),) = list(batches.epoch(1).as_numpy_iterator())
    given = [image.tobytes() for image, _ in IMAGES.dataset.as_numpy_iterator()]
    # The first out is one of the first five in.
    assert seen[0].tobytes() in given[:5]
    assert sorted(image.tobytes() for image in seen) == sorted(given)
