"""Reads, checks and writes images: a chunk of files becomes one shard of each split.

No image travels through Beam: a chunk's files are read, checked and written one by one, so memory
does not grow with the data, and a chunk that is tried again writes the same files again.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from components.image_example_gen.check import BadImageError, ImageFacts, examine
from components.image_example_gen.files import ImageFile, read_file
from components.image_example_gen.split import split_of
from modules import features

SHARD_BYTES = 64 << 20
REPORT_EVERY = 1000  # files


@dataclass
class ChunkReport:
    """What became of a chunk: counts by (split, label), and the files that cannot be used."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[dict[str, str]] = field(default_factory=list)


def chunks(files: Sequence[ImageFile], shard_bytes: int = SHARD_BYTES) -> list[list[ImageFile]]:
    """Shuffles the files, always in the same way, and cuts them into chunks by weight.

    Each shard is then a random sample of all classes, and paths are shuffled instead of pixels.
    """
    shuffled = sorted(files, key=lambda file: file.name)
    random.Random(0).shuffle(shuffled)
    result: list[list[ImageFile]] = [[]]
    weight = 0
    for file in shuffled:
        if weight + file.size > shard_bytes and result[-1]:
            result.append([])
            weight = 0
        result[-1].append(file)
        weight += file.size
    return result


def to_example(content: bytes, file: ImageFile, facts: ImageFacts) -> bytes:
    """A serialized ``tf.Example`` with the keys of ``modules.features``."""

    def of_bytes(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_int(value: int) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    feature = {
        features.IMAGE_BYTES: of_bytes(content),
        features.LABEL: of_bytes(file.label.encode()),
        features.PATH: of_bytes(file.name.encode()),
        features.WIDTH: of_int(facts.width),
        features.HEIGHT: of_int(facts.height),
        features.CHANNELS: of_int(facts.channels),
        features.BYTES: of_int(facts.bytes),
        features.BRIGHTNESS: tf.train.Feature(
            float_list=tf.train.FloatList(value=[facts.brightness])
        ),
        features.FORMAT: of_bytes(facts.format.encode()),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return bytes(example.SerializeToString(deterministic=True))


def write_chunk(
    files: Sequence[ImageFile],
    folders: Mapping[str, str],
    shares: Mapping[str, float],
    number: int,
    total: int,
    advance: Callable[[int], None] = lambda files: None,
) -> ChunkReport:
    """Writes one shard into each split's folder.

    Args:
        files: the chunk.
        folders: each split's folder.
        shares: each split's share of the images.
        number: of this chunk, from 0, for the shards' names.
        total: number of chunks.
        advance: called now and then with the number of files done since.

    Returns:
        What was written and what was not; every file is in it.
    """
    report = ChunkReport()
    shard = f"images-{number:05d}-of-{total:05d}.tfrecord"
    writers: dict[str, Any] = {}
    try:
        for name in folders:
            tf.io.gfile.makedirs(folders[name])
            writers[name] = tf.io.TFRecordWriter(f"{folders[name]}/{shard}")
        for done, file in enumerate(files):
            if done and done % REPORT_EVERY == 0:
                advance(REPORT_EVERY)
            content = b""
            try:
                content = read_file(file)
                facts = examine(content)
            except (BadImageError, OSError) as error:
                report.bad.append(_bad(file, content, error))
                # A class of which no file can be used is counted all the same: with 0.
                report.counts[file.split or features.TRAIN, file.label] += 0
                continue
            split = file.split or split_of(content, shares)
            writers[split].write(to_example(content, file, facts))
            report.counts[split, file.label] += 1
        advance((len(files) - 1) % REPORT_EVERY + 1)
    finally:
        for writer in writers.values():
            writer.close()
    return report


def _bad(file: ImageFile, content: bytes, error: Exception) -> dict[str, str]:
    reason = getattr(error, "strerror", None) or str(error)
    return {
        "path": file.name,
        "reason": " ".join(reason.split())[:200],
        "sha256": hashlib.sha256(content).hexdigest() if content else "",
    }
