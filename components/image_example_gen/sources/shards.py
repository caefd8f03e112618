"""TFRecord shards of ``tf.Example``: a record for each image."""

import contextlib
import functools
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from components.image_example_gen import passed_over
from components.image_example_gen.image_file import (
    NO_LABEL,
    ImageFile,
    check_classes,
    is_remote,
    problem_of_label,
)
from components.image_example_gen.io import as_pattern, matches, open_remote
from components.image_example_gen.listed import Listing
from components.image_example_gen.passed_over import PassedOver
from components.image_example_gen.sources.no_such_path import refuse_what_is_not_there
from components.image_example_gen.sources.shard_names import check_names, described, split_of_shard
from components.image_example_gen.split_names import split_named
from modules.errors import InputError
from modules.settings import GoldenIngest, Ingest

# What others call the features; each is looked for where the config's own is missing.
_IMAGES = ("image_bytes", "image/encoded", "image", "image_raw")
_LABELS = ("image/class/text", "label", "class", "image/class/label")
_DEFAULT_KEY = Ingest.model_fields["image_column"].default
_Keys = tuple[str, str, str, str]


def list_shards(
    pattern: str, options: Ingest, key: str = "data.path", min_classes: int = 2
) -> Listing:
    """The records of all shards, in their order; each is read once for it.

    A shard's split is that of its folder or of a part of its name, such as ``train``.

    Args:
        pattern: a folder of shards, local or an address, or a pattern of their paths. Those whose
            names end in ``.gz`` are unpacked.
        options: names the features of the image's bytes, label, split and group.
        key: of the config, that named it.
        min_classes: how many classes there must be.

    Raises:
        InputError: when there is no shard, one's name is nearly a split's, or there are too few
            classes.
    """
    keys = (
        options.image_column,
        options.label_column,
        options.split_column,
        options.group_column,
    )
    passed = PassedOver(options.leave_out)
    shards = find_shards(pattern, key, passed)
    if not shards:
        refuse_what_is_not_there(pattern if "*" not in pattern else "/", key)
        raise InputError(
            f"{key}: got {pattern}, where no file's name ends in .tfrecord; name the folder of the "
            "shards, or a pattern such as shards/*.tfrecord"
        )
    if not isinstance(options, GoldenIngest):
        check_names([path for path, _ in shards], f"{key}: {pattern}")
    files = [file for path, state in shards for file in _records(path, state, keys)]
    if options.unlabelled == "skip":
        for file in files:
            if file.problem == NO_LABEL:
                passed.add(passed_over.UNLABELLED, file.name)
        files = [file for file in files if file.problem != NO_LABEL]
    check_classes(files, f"{key}: {pattern}", min_classes)
    return Listing(files, described([path for path, _ in shards]), passed)


def find_shards(
    pattern: str, key: str, passed: PassedOver
) -> list[tuple[str, tuple[float, float]]]:
    """The paths of shards, sorted, with their size and date."""
    literal = _literal(pattern)
    patterns = (
        [literal]
        if "*" in pattern and not os.path.isdir(pattern)
        else [f"{literal.rstrip('/')}/{deep}*.tfrecord*" for deep in ("", "*/")]
    )
    patterns = [*patterns, literal] if ".tfrecord" in pattern else patterns
    return [
        (file.path, (file.size_in_bytes, file.last_updated_in_seconds))
        for file in matches(patterns, f"{key}: {pattern}")
        if file.path == pattern or not any(map(passed.takes, _below(file.path, pattern)))
    ]


def _below(path: str, pattern: str) -> list[str]:
    """The names that lead from the folder that was asked for to a shard."""
    root = pattern.rstrip("/") + "/"
    below = path.removeprefix(root) if path.startswith(root) else path.rpartition("/")[2]
    return below.split("/")


def _literal(pattern: str) -> str:
    """The pattern, in which no name that is there, such as ``photos [1]``, is one itself."""
    known = pattern
    while known and not is_remote(pattern) and not os.path.exists(known):
        known = os.path.dirname(known)
    if not known or is_remote(pattern):
        return pattern
    return as_pattern(known) + pattern[len(known) :]


# Listed by the checks before a run, by its driver and by its executor: read once all the same.
@functools.lru_cache(maxsize=4096)
def _records(path: str, state: tuple[float, float], keys: _Keys) -> tuple[ImageFile, ...]:
    name = path.rpartition("/")[2]
    of_shard = split_of_shard(path)
    files: list[ImageFile] = []
    try:
        for example in _examples(path):
            files.append(_entry(path, len(files), example, keys, of_shard))
    except OSError as error:
        number = len(files)
        problem = f"the shard is broken: {error}"
        files.append(ImageFile(path, f"{name}#{number}", "", 0, record=number, problem=problem))
    return tuple(files)


def read_records(path: str, image_key: str) -> Iterator[bytes]:
    """The bytes of each record's image; of one that has none, nothing.

    Raises:
        OSError: where the shard is broken.
    """
    for example in _examples(path):
        yield _image(example, image_key)


def pick_records(path: str, numbers: Collection[int], image_key: str) -> dict[int, bytes]:
    """The images of some records of a shard, by number; it is read once, up to the last of them.

    Raises:
        OSError: where the shard is broken before it.
    """
    records = itertools.islice(read_records(path, image_key), max(numbers) + 1)
    return {number: content for number, content in enumerate(records) if number in numbers}


def _entry(
    path: str, number: int, example: Mapping[str, Any], keys: _Keys, of_shard: str | None
) -> ImageFile:
    image_key, label_key, split_key, group_key = keys
    content = _image(example, image_key)
    label = _text(_value(example, (label_key, *_LABELS)))
    problem = problem_of_label(label)
    if not content:
        problem = f"no image: the features are {', '.join(sorted(example))}"
    return ImageFile(
        path=path,
        name=f"{path.rpartition('/')[2]}#{number}",
        label="" if problem_of_label(label) else label,
        size=len(content),
        split=split_named(_text(_value(example, (split_key,)))) or of_shard,
        group=_text(_value(example, (group_key,))),
        record=number,
        digest=hashlib.sha256(content).hexdigest(),
        problem=problem,
    )


def _examples(path: str) -> Iterator[Mapping[str, Any]]:
    import tensorflow as tf  # Not for folders and manifests, nor for --help.

    compression = "GZIP" if path.endswith(".gz") else ""
    try:
        with _local(path) as file:
            for record in tf.data.TFRecordDataset(file, compression, buffer_size=1 << 20):
                yield tf.train.Example.FromString(record.numpy()).features.feature
    except tf.errors.OpError as error:
        # Without TensorFlow's word on where in a graph it was.
        raise OSError(" ".join(error.message.split("}} ")[-1].split())) from error
    except Exception as error:  # protobuf's DecodeError, which is private to its implementation
        if type(error).__name__ != "DecodeError":
            raise
        raise OSError("a record is no tf.Example") from error


@contextlib.contextmanager
def _local(path: str) -> Iterator[str]:
    """A local file with what is at an address: TensorFlow knows fewer filesystems than Beam."""
    if not is_remote(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="thaw-shard-") as copy:
        with open_remote(path) as shard:
            shutil.copyfileobj(shard, copy, 1 << 20)
        copy.flush()
        yield copy.name


def _image(example: Mapping[str, Any], key: str) -> bytes:
    """The encoded image; nothing where there is none, or pixels in its place."""
    # The default is a manifest's: in a record that has an image too, it is the file's name.
    names = (*_IMAGES, key) if key == _DEFAULT_KEY else (key, *_IMAGES)
    content = _value(example, names)
    return content if isinstance(content, bytes) else b""


def _value(example: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first value of the first of these features that has one; None if none has."""
    for name in names:
        if name in example:
            feature = example[name]
            values = getattr(feature, feature.WhichOneof("kind") or "bytes_list").value
            if values:
                return values[0]
    return None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape").strip()
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
