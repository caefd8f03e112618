"""Measures the images a second through augmentation and mixing, in tf.data with AUTOTUNE.

python -m benchmarks.augmentation [--images N]
"""

import argparse
import time

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

import tensorflow as tf

from modules.images.augmentation import augment
from modules.images.mixing import mix
from modules.settings import Augmentation, RandAugment

SIZE, BATCH, CLASSES = 224, 32, 10
CASES = {
    "flip and crop": Augmentation(flip="horizontal", crop=0.25),
    "color": Augmentation(color=0.4),
    "RandAugment": Augmentation(rand_augment=RandAugment()),
    "all of these": Augmentation(
        flip="horizontal", crop=0.25, color=0.4, rand_augment=RandAugment()
    ),
    "mixup": Augmentation(mixup=0.2),
    "CutMix": Augmentation(cutmix=1.0),
}


def rate(options: Augmentation, count: int) -> float:
    """Returns the images a second, after the first batch, which includes building the graph."""
    pixels = tf.random.stateless_uniform([BATCH, SIZE, SIZE, 3], [0, 1], 0, 256, tf.int32)
    images = tf.data.Dataset.from_tensor_slices(tf.cast(pixels, tf.uint8)).repeat().enumerate()
    targets = tf.one_hot(tf.range(BATCH) % CLASSES, CLASSES)
    augmented = images.map(
        lambda place, image: augment(image, tf.stack([place, 0]), options),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    batches = augmented.batch(BATCH, drop_remainder=True).enumerate()
    mixed = batches.map(
        lambda place, batch: mix(batch, targets, tf.stack([place, 1]), options),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    steps = max(1, count // BATCH)
    rows = iter(mixed.take(steps + 1).prefetch(2))
    next(rows)
    started = time.monotonic()
    for _ in rows:
        pass
    return steps * BATCH / (time.monotonic() - started)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4096)
    count = parser.parse_args().images
    print(f"{'nothing':14}{rate(Augmentation(), count):8.0f}")
    for name, options in CASES.items():
        print(f"{name:14}{rate(options, count):8.0f}", flush=True)


if __name__ == "__main__":
    main()
