"""Reads, checks and writes images: a chunk of them becomes shards of each split.

No image travels through Beam: a chunk's images are read and checked a few at a time and written one
by one, so memory does not grow with the data, and a chunk that is tried again writes the same
files again.
"""

import functools
import hashlib
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import tensorflow as tf

from components.image_example_gen.check import BadImageError, ImageMetadata, examine_all
from components.image_example_gen.contents import READ_BY_DRIVER
from components.image_example_gen.decoding import TOGETHER
from components.image_example_gen.digests import state_of
from components.image_example_gen.hash_split import split_of
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.io import read_file
from components.image_example_gen.older_part import OlderPart
from components.image_example_gen.shard_writers import ShardWriters, Written
from components.image_example_gen.sources.shards import read_records
from modules import features
from modules.parallel import in_order
from modules.settings import Ingest

SHARD_BYTES = 64 << 20
# What an image of unknown size is taken to weigh.
_USUAL_BYTES = 256 << 10
REPORT_EVERY = 1000  # images
# The kind of reason of files whose content is no longer that of their digest.
CHANGED = "changed while the run read it"


@dataclass
class ChunkReport:
    """What became of a chunk.

    Attributes:
        counts: images by (split, label).
        bad: what cannot be used: ``path``, ``reason`` and ``sha256``.
        one_color: images of one colour, each ``path`` and ``color``.
        bytes_read: of images.
        bytes_written: of records.
        formats: images of the three splits, by format.
        written: the records of all shards.
        older: those of the older part, which are written once more.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[dict[str, str]] = field(default_factory=list)
    one_color: list[dict[str, str]] = field(default_factory=list)
    bytes_read: int = 0
    bytes_written: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    written: Written = field(default_factory=Written)
    older: Written = field(default_factory=Written)


@dataclass(frozen=True)
class _Read:
    """An image's bytes and metadata, or the problem that keeps it from being used."""

    file: ImageFile
    content: bytes = b""
    metadata: ImageMetadata | None = None
    problem: str = ""


def chunks(files: Sequence[ImageFile], shard_bytes: int = SHARD_BYTES) -> list[list[ImageFile]]:
    """Shuffles the files, always in the same way, and cuts them into chunks by weight.

    Each shard is then a random sample of all classes, and paths are shuffled instead of pixels. The
    records of a shard stay together, for they are read one after the other.
    """
    in_shards = [file for file in files if file.record is not None]
    by_shard = itertools.groupby(
        sorted(in_shards, key=lambda file: (file.path, file.record)), key=lambda file: file.path
    )
    result = [list(records) for _, records in by_shard]
    shuffled = sorted((file for file in files if file.record is None), key=lambda file: file.name)
    random.Random(0).shuffle(shuffled)
    weight = shard_bytes
    for file in shuffled:
        size = file.size or _USUAL_BYTES
        if weight + size > shard_bytes:
            result.append([])
            weight = 0
        result[-1].append(file)
        weight += size
    return result


def to_example(content: bytes, file: ImageFile, metadata: ImageMetadata) -> bytes:
    """A serialized ``tf.Example``: the keys of ``modules.features``, and the further columns."""
    example = tf.train.Example()
    # Filled in place: a Feature that is built first is copied twice, with the image in it.
    feature = example.features.feature
    texts = {
        **dict(file.columns),
        features.LABEL: file.label,
        features.PATH: file.name,
        features.FORMAT: metadata.format,
    }
    for name, text in texts.items():
        feature[name].bytes_list.value.append(text.encode())
    feature[features.IMAGE_BYTES].bytes_list.value.append(content)
    feature[features.BRIGHTNESS].float_list.value.append(metadata.brightness)
    for name in (features.WIDTH, features.HEIGHT, features.CHANNELS, features.BYTES):
        feature[name].int64_list.value.append(getattr(metadata, name))
    return bytes(example.SerializeToString(deterministic=True))


def write_chunk(
    files: Sequence[ImageFile],
    folders: Mapping[str, str],
    shares: Mapping[str, float],
    options: Ingest,
    number: int,
    *,
    older: OlderPart | None = None,
    keeps_digests: bool = False,
    advance: Callable[[int], None] = lambda images: None,
) -> ChunkReport:
    """Writes a chunk's images into the splits' folders.

    Args:
        files: the chunk.
        folders: each split's folder; images of a split without one are not written.
        shares: each split's share of the images that no listing gave a split.
        options: the most pixels of an image, among others.
        number: of this chunk, from 0, for the shards' names.
        older: the part that is also written to other folders; None for none.
        keeps_digests: whether the report has the digest of each record, which must be known.
        advance: called now and then with the number of images done since.

    Returns:
        What was written and what was not; every file is in it.
    """
    report = ChunkReport()
    with (
        ShardWriters(folders, number, SHARD_BYTES) as whole,
        ShardWriters(older.folders if older else {}, number, SHARD_BYTES) as sample,
    ):
        for done, read in enumerate(_read_all(files, options)):
            if done and done % REPORT_EVERY == 0:
                advance(REPORT_EVERY)
            file = read.file
            report.bytes_read += len(read.content)
            if read.metadata is None:
                report.bad.append(_bad(read))
                # A class of which no image can be used is counted all the same: with 0.
                report.counts[file.split or features.TRAIN, file.label] += 0
                continue
            split = file.split or split_of(read.content, shares, file.group, file.digest)
            if split not in folders:
                continue
            example = to_example(read.content, file, read.metadata)
            digest = file.digest if keeps_digests else ""
            whole.write(split, example, file.label, digest)
            if older and older.has(file, split):
                sample.write(split, example, file.label, digest)
                report.bytes_written += len(example)
            report.counts[split, file.label] += 1
            if split in features.SPLITS:
                report.formats[read.metadata.format] += 1
            if read.metadata.color:
                report.one_color.append({"path": file.name, "color": read.metadata.color})
            report.bytes_written += len(example)
    report.written, report.older = whole.written, sample.written
    advance((len(files) - 1) % REPORT_EVERY + 1)
    return report


def _read_all(files: Sequence[ImageFile], options: Ingest) -> Iterator[_Read]:
    """A few at a time are checked, and files read, by several threads; records are read in turn."""
    examined = functools.partial(_examined, options=options)
    if files[0].record is None:
        parts = (files[i : i + TOGETHER] for i in range(0, len(files), TOGETHER))
        results = in_order(lambda part: examined([_read(file) for file in part]), parts)
    else:
        records = _with_records(files, options)
        groups = iter(lambda: list(itertools.islice(records, TOGETHER)), [])
        results = in_order(examined, groups)
    return itertools.chain.from_iterable(results)


def _read(file: ImageFile) -> _Read:
    try:
        content = READ_BY_DRIVER.take(file.path, state_of(file.path))
        if content is None:
            content = read_file(file.path)
        return _Read(file, content, problem=_problem(file, content))
    except OSError as error:
        if file.digest:  # The driver has read it.
            return _Read(file, problem=CHANGED)
        return _Read(file, problem=file.problem or f"unreadable: {error.strerror or error}")


def _examined(reads: Sequence[_Read], options: Ingest) -> list[_Read]:
    contents = [read.content for read in reads if not read.problem]
    metadata = iter(examine_all(contents, options.max_pixels, options.background))
    return [read if read.problem else _with_metadata(read, next(metadata)) for read in reads]


def _with_metadata(read: _Read, result: ImageMetadata | BadImageError) -> _Read:
    if isinstance(result, BadImageError):
        return replace(read, problem=str(result))
    return replace(read, metadata=result)


def _with_records(files: Sequence[ImageFile], options: Ingest) -> Iterator[_Read]:
    """The records of a shard; a broken one ends where its listing did, with a file that says so."""
    records = read_records(files[0].path, options.image_column)
    whole = {file.record: file for file in files if file.digest}
    last = max((number for number in whole if number is not None), default=-1)
    # A shard may have become shorter since.
    contents = itertools.chain(records, itertools.repeat(b""))
    for number, content in enumerate(itertools.islice(contents, last + 1)):
        if number in whole:  # Others were left out before.
            yield _Read(whole[number], content, problem=_problem(whole[number], content))
    for file in files:
        if not file.digest:
            yield _Read(file, problem=file.problem)


def _problem(file: ImageFile, content: bytes) -> str:
    """Why an image cannot be used, so far as its digest says; empty where nothing is wrong."""
    if file.digest and hashlib.sha256(content).hexdigest() != file.digest:
        return CHANGED
    return file.problem


def _bad(read: _Read) -> dict[str, str]:
    digest = hashlib.sha256(read.content).hexdigest() if read.content else read.file.digest
    return {
        "path": read.file.name,
        "reason": " ".join(read.problem.split())[:200],
        "sha256": digest,
    }
