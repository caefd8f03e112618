"""From ExampleGen's records to batches of decoded images, through the transform graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft

from modules import features, image
from modules.errors import InputError
from modules.settings import ImageSpec

# How many images are parsed, and looked up in the vocabulary, at a time.
_PARSE_BATCH = 64
_MB = 1 << 20


@dataclass(frozen=True)
class Images:
    """Decoded images of one split.

    Attributes:
        dataset: of (uint8 [height, width, 3], int64 [] label index), always in the same order.
        count: how many there are.
        held: how many may be held in memory to be shuffled; all that are in memory anyway.
    """

    dataset: tf.data.Dataset
    count: int
    held: int

    def batches(self, size: int, *, shuffle_seed: int | None = None) -> tf.data.Dataset:
        """Batches of (uint8 [n, height, width, 3], int64 [n]); the last may be smaller.

        Args:
            size: of a batch.
            shuffle_seed: shuffles, another way at each pass; None keeps the order. Images that
                do not fit into memory are shuffled among as many as do, the files being shuffled
                already.
        """
        dataset = self.dataset
        if shuffle_seed is not None:
            dataset = dataset.shuffle(self.held, seed=shuffle_seed)
        return dataset.batch(size).prefetch(2)


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
    cache_mb: int,
    cache_dir: Path,
) -> Images:
    """Reads one split; each image is decoded once, whatever the number of passes.

    Args:
        patterns: of TFRecord files, as Trainer gets them.
        transform: what Transform wrote; its graph turns labels into indices.
        spec: what the image function makes.
        cache_mb: decoded images are kept in memory up to this weight, else in ``cache_dir``.
        cache_dir: a folder for this split alone, which the caller removes.

    Raises:
        InputError: when there is no image.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    records = tf.data.TFRecordDataset(files)
    count = int(records.reduce(tf.constant(0, tf.int64), lambda n, _: n + 1))
    if count == 0:
        raise InputError(
            f"the split in {', '.join(patterns)} holds no image; add images to data.path or give "
            "the split a larger share in data.splits"
        )
    raw_spec = transform.raw_feature_spec()
    layer = transform.transform_features_layer()

    def parse(batch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        made = layer(tf.io.parse_example(batch, raw_spec))
        return made[features.IMAGE_BYTES], made[features.LABEL_INDEX]

    def decode(image_bytes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return image.decode(image_bytes, spec), label

    dataset = records.batch(_PARSE_BATCH).map(parse).unbatch()
    dataset = dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE)
    fitting = cache_mb * _MB // (spec.height * spec.width * 3)
    if count <= fitting:
        return Images(dataset.cache(), count, held=count)
    cache_dir.mkdir(parents=True, exist_ok=True)
    return Images(dataset.cache(str(cache_dir / "images")), count, held=max(1, fitting))
