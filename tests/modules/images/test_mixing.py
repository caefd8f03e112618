"""Mixing: convex combinations, areas, and the Beta distribution."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from modules.images import mixing
from modules.settings import Augmentation

SIZE, CLASSES = (20, 30), 8
IMAGES = np.random.default_rng(1).integers(0, 256, (CLASSES, *SIZE, 3), dtype=np.uint8)
# Each image is alone in its class, and the classes are the images' numbers.
TARGETS = np.eye(CLASSES, dtype=np.float32)
BOTH = Augmentation(mixup=1.0, cutmix=1.0)


def mixed(options: Augmentation, seed: int, n: int = CLASSES) -> tuple[Any, Any]:
    images, targets = mixing.mix(
        tf.constant(IMAGES[:n]), tf.constant(TARGETS[:n]), tf.constant([5, seed]), options
    )
    return images.numpy(), targets.numpy()


def partners(targets: npt.NDArray[np.float32]) -> list[tuple[int, float]]:
    """For each row the other image that it holds, or itself, and the share of its own."""
    result = []
    for i, row in enumerate(targets):
        others = [j for j in np.flatnonzero(row) if j != i]
        assert len(others) <= 1
        result.append((int(others[0]) if others else i, float(row[i])))
    return result


def test_nothing_set_gives_back_what_was_given() -> None:
    images, targets = tf.constant(IMAGES), tf.constant(TARGETS)
    mixed = mixing.mix(images, targets, tf.constant([1, 2]), Augmentation(flip="horizontal"))
    assert mixed[0] is images
    assert mixed[1] is targets


@pytest.mark.parametrize("seed", range(12))
def test_mixup_is_the_convex_combination_that_the_targets_say(seed: int) -> None:
    images, targets = mixed(Augmentation(mixup=1.0), seed)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, atol=1e-6)
    pairs = partners(targets)
    assert sorted(other for other, _ in pairs) == list(range(CLASSES))
    assert len({round(share, 5) for other, share in pairs if share < 1.0}) == 1
    for i, (other, share) in enumerate(pairs):
        exact = share * IMAGES[i].astype(float) + (1 - share) * IMAGES[other].astype(float)
        assert np.abs(images[i] - exact).max() <= 0.501  # rounded to the nearest level


@pytest.mark.parametrize("seed", range(12))
def test_cutmix_gives_the_box_the_weight_of_its_area(seed: int) -> None:
    images, targets = mixed(Augmentation(cutmix=1.0), seed)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, atol=1e-6)
    boxes = []
    for i, (other, share) in enumerate(partners(targets)):
        own = (images[i] == IMAGES[i]).all(axis=-1)
        assert (own | (images[i] == IMAGES[other]).all(axis=-1)).all()
        if other != i:
            assert (own.mean() - share) == pytest.approx(0.0, abs=1 / own.size)
            boxes.append(~own)
    rows, columns = boxes[0].any(axis=1), boxes[0].any(axis=0)
    np.testing.assert_array_equal(boxes[0], rows[:, None] & columns)
    assert all((box == boxes[0]).all() for box in boxes)
    for line in (rows, columns):
        assert np.abs(np.diff(line.astype(int))).sum() <= 2  # one stretch


def test_cutmix_boxes_are_as_large_as_asked_unless_they_are_cut_off() -> None:
    batch = (tf.zeros([1, *SIZE, 3], tf.uint8), tf.constant([[1.0, 0.0]]))
    others = (tf.ones([1, *SIZE, 3], tf.uint8), tf.constant([[0.0, 1.0]]))
    areas = []
    covered = np.zeros(SIZE, int)
    for seed in range(160):
        mixed, weights = mixing.cutmix(batch, others, tf.constant(0.75), tf.constant([9, seed]))
        covered += mixed.numpy()[0, ..., 0]
        areas.append(int(mixed.numpy()[..., 0].sum()))
        assert float(weights[0, 1]) == pytest.approx(areas[-1] / 600, abs=1e-6)
    assert max(areas) == 10 * 15
    assert min(areas) < 75
    # Half of all rows, and of all columns, leave room for the whole box around them: 40.
    assert 25 < areas.count(150) < 60
    corners = [int(covered[y, x]) for y in (0, -1) for x in (0, -1)]
    assert all(3 <= count <= 25 for count in corners)  # a sixteenth, 10, is expected


@pytest.mark.parametrize(("share", "own"), [(0.0, 0.0), (1.0, 1.0)])
def test_mixing_all_or_nothing_gives_either_image(share: float, own: float) -> None:
    batch = (tf.constant(IMAGES[:1]), tf.constant(TARGETS[:1]))
    others = (tf.constant(IMAGES[1:2]), tf.constant(TARGETS[1:2]))
    images, targets = mixing.mixup(batch, others, tf.constant(share))
    np.testing.assert_array_equal(images[0], IMAGES[0] if own else IMAGES[1])
    np.testing.assert_array_equal(targets[0], own * TARGETS[0] + (1 - own) * TARGETS[1])
    uncut = mixing.cutmix(batch, others, tf.constant(1.0), tf.constant([1, 1]))[0]
    np.testing.assert_array_equal(uncut[0], IMAGES[0])


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution(alpha: float) -> None:
    run = tf.function(lambda seed: mixing.beta(seed, alpha), autograph=False)
    drawn = np.array([float(run(tf.constant([11, i], tf.int64))) for i in range(1500)])
    assert 0.0 <= drawn.min() < drawn.max() <= 1.0
    assert drawn.mean() == pytest.approx(0.5, abs=0.045)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


def test_the_smallest_alpha_gives_one_or_the_other_and_never_nan() -> None:
    run = tf.function(lambda seed: mixing.beta(seed, 1e-3), autograph=False)
    drawn = np.array([float(run(tf.constant([2, i], tf.int64))) for i in range(300)])
    assert np.isfinite(drawn).all()
    assert np.minimum(drawn, 1 - drawn).mean() < 0.01
    assert 0.35 < drawn.mean() < 0.65


def test_a_coin_is_tossed_when_both_are_set() -> None:
    cut = []
    for seed in range(60):
        images, targets = mixed(BOTH, seed)
        for i, (other, _) in enumerate(partners(targets)):
            if other != i:
                either = (images[i] == IMAGES[i]) | (images[i] == IMAGES[other])
                cut.append(bool(either.all()))
                break
    assert len(cut) > 50  # a box may be of no pixel
    assert 0.25 < np.mean(cut) < 0.75


@pytest.mark.parametrize("options", [BOTH, Augmentation(mixup=0.4), Augmentation(cutmix=0.4)])
def test_tf_data_mixes_as_eager_mode_does_whatever_the_size_of_the_batch(
    options: Augmentation,
) -> None:
    def run(place: Any, row: Any) -> Any:
        seed = tf.stack([tf.constant(5, tf.int64), place])
        return mixing.mix(row[0], row[1], seed, options)

    rows = tf.data.Dataset.from_tensor_slices((IMAGES, TARGETS)).repeat(2).batch(5).enumerate()
    result = rows.map(run, num_parallel_calls=4)
    assert result.element_spec == (
        tf.TensorSpec((None, *SIZE, 3), tf.uint8),
        tf.TensorSpec((None, CLASSES), tf.float32),
    )
    batches = list(result.as_numpy_iterator())
    assert [len(images) for images, _ in batches] == [5, 5, 5, 1]
    for (place, row), (images, targets) in zip(rows, batches, strict=True):
        alone = run(place, row)
        np.testing.assert_array_equal(images, alone[0])
        np.testing.assert_array_equal(targets, alone[1])


def test_seeds_decide_and_a_batch_of_one_stays_what_it_was() -> None:
    for options in (Augmentation(mixup=1.0), Augmentation(cutmix=1.0)):
        first, again, other = (mixed(options, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        assert (first[0] != other[0]).any()
        images, targets = mixed(options, 3, n=1)
        np.testing.assert_array_equal(images, IMAGES[:1])
        np.testing.assert_allclose(targets, TARGETS[:1], atol=1e-6)
