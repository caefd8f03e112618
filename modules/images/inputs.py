"""From ExampleGen's records to batches of decoded images, through the transform graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft

from modules import features
from modules.errors import InputError
from modules.images import image
from modules.settings import ImageSpec

# How many images are parsed, and looked up in the vocabulary, at a time.
_PARSE_BATCH = 64
_MB = 1 << 20
# However little memory is set aside: without a shuffle all epochs have the same batches.
_LEAST_SHUFFLED = 256


@dataclass(frozen=True)
class Images:
    """Decoded images of one split.

    Attributes:
        dataset: of (uint8 [height, width, 3], int64 [] label index), always in the same order.
        count: how many there are.
        by_class: how many of each class, in the order of the indices; images of a label that
            training does not know are in none.
        held: how many may be held in memory to be shuffled; all that are in memory anyway.
    """

    dataset: tf.data.Dataset
    count: int
    by_class: tuple[int, ...]
    held: int

    def batches(self, size: int) -> tf.data.Dataset:
        """Batches of (uint8 [n, height, width, 3], int64 [n]) in order; the last may be smaller."""
        return self.dataset.batch(size).prefetch(2)


def read_labels(transform: tft.TFTransformOutput) -> list[str]:
    """The labels' names; the place of each is its class index."""
    path = Path(transform.transform_savedmodel_dir) / "assets" / features.LABELS_ASSET
    with tf.io.gfile.GFile(str(path), "rb") as file:
        return [line.decode() for line in file.read().split(b"\n")[:-1]]


def read_images(
    patterns: Sequence[str],
    transform: tft.TFTransformOutput,
    spec: ImageSpec,
    *,
    classes: int,
    cache_mb: int,
    cache_dir: Path,
) -> Images:
    """Reads one split; each image is decoded once, whatever the number of passes.

    Args:
        patterns: of TFRecord files, as Trainer gets them.
        transform: what Transform wrote; its graph turns labels into indices.
        spec: what the image function makes.
        classes: how many there are.
        cache_mb: decoded images are kept in memory up to this weight, else in ``cache_dir``.
        cache_dir: a folder for this split alone, which the caller removes.

    Raises:
        InputError: when there is no image.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    records = tf.data.TFRecordDataset(files)
    raw_spec = transform.raw_feature_spec()
    layer = transform.transform_features_layer()

    def parse(batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        made = layer(tf.io.parse_example(batch, raw_spec))
        return made[features.IMAGE_BYTES], made[features.LABEL_INDEX]

    def decode(image_bytes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return image.decode(image_bytes, spec), label

    parsed = records.batch(_PARSE_BATCH).map(parse)
    count, by_class = _count(parsed.map(lambda image_bytes, label: label), classes)
    if count == 0:
        raise InputError(
            f"the split in {', '.join(patterns)} holds no image; add images to data.path or give "
            "the split a larger share in data.splits"
        )
    dataset = parsed.unbatch().map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    fitting = cache_mb * _MB // (spec.height * spec.width * 3)
    if count <= fitting:
        return Images(dataset.cache(), count, by_class, held=count)
    cache_dir.mkdir(parents=True, exist_ok=True)
    return Images(
        dataset.cache(str(cache_dir / "images")),
        count,
        by_class,
        held=max(_LEAST_SHUFFLED, fitting),
    )


def _count(labels: tf.data.Dataset, classes: int) -> tuple[int, tuple[int, ...]]:
    """How many images there are, and how many of each class, from batches of labels."""

    def add(totals: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
        # Index -1, a label that is no class, is counted first.
        return totals + tf.math.bincount(
            tf.cast(batch + 1, tf.int32), minlength=classes + 1, maxlength=classes + 1
        )

    totals = labels.reduce(tf.zeros((classes + 1,), tf.int32), add).numpy().tolist()
    return sum(totals), tuple(totals[1:])
