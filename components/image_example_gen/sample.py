"""Takes some images as a run would, without writing records."""

import contextlib
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from components.image_example_gen import split_assignment
from components.image_example_gen.check import BadImageError, examine
from components.image_example_gen.hash_split import split_of
from components.image_example_gen.image_file import ImageFile, is_remote
from components.image_example_gen.io import read_file
from components.image_example_gen.sources.shards import pick_records
from modules import features
from modules.settings import Ingest

# How many images of shards are held at a time.
_BLOCK = 256


@dataclass(frozen=True)
class Sample:
    """Files that can be used, in a random order that spreads the classes evenly.

    Attributes:
        train: of the train split.
        validation: of the validation split.
        bad: how many files were met that cannot be used.
    """

    train: tuple[ImageFile, ...]
    validation: tuple[ImageFile, ...]
    bad: int


def take(
    files: Sequence[ImageFile],
    options: Ingest,
    count: int,
    seed: int,
    scratch: Path,
    golden: Collection[str] = (),
) -> Sample:
    """Reads files until there are enough, and assigns them to splits by ExampleGen's rule.

    Args:
        files: to choose from.
        options: how they are split.
        count: how many training images are enough. With them come the validation images that were
            met on the way, at least one if there are any.
        seed: of the order.
        scratch: where images are laid that have no local file of their own.
        golden: the digests of images that are passed over, as no run trains on them.

    Returns:
        At most ``count`` training images, each in a file; fewer, or none, where there are no more.
    """
    assigned = split_assignment.assign_splits(files, options.splits.shares())
    files_of: dict[str, list[ImageFile]] = {name: [] for name in features.SPLITS}
    train, validation = files_of[features.TRAIN], files_of[features.VALIDATION]
    bad = 0
    for file, content in _contents(spread(assigned.files, seed), options):
        if len(train) >= count and validation:
            break
        if golden and hashlib.sha256(content).hexdigest() in golden:
            continue
        if not _is_usable(file, content, options):
            bad += 1
            continue
        split = file.split or split_of(content, assigned.shares, file.group)
        if is_remote(file.path) or file.record is not None:
            path = scratch / f"image-{sum(map(len, files_of.values()))}"
            path.write_bytes(content)
            file = replace(file, path=str(path))
        files_of[split].append(file)
    return Sample(tuple(train[:count]), tuple(validation), bad)


def _contents(files: Sequence[ImageFile], options: Ingest) -> Iterator[tuple[ImageFile, bytes]]:
    """What each holds, nothing where it cannot be read; a shard is read once for each block."""
    for block in (files[i : i + _BLOCK] for i in range(0, len(files), _BLOCK)):
        wanted: dict[str, set[int]] = defaultdict(set)
        for file in block:
            if file.record is not None and not file.problem:
                wanted[file.path].add(file.record)
        records = {
            path: pick_records(path, numbers, options.image_column)
            for path, numbers in wanted.items()
        }
        for file in block:
            content = b""
            if file.record is not None:
                content = records.get(file.path, {}).get(file.record, b"")
            elif not file.problem:
                with contextlib.suppress(OSError):
                    content = read_file(file.path)
            yield file, content


def _is_usable(file: ImageFile, content: bytes, options: Ingest) -> bool:
    try:
        examine(content, options.max_pixels, options.background)
    except BadImageError:
        return False
    return not file.problem


def spread(files: Sequence[ImageFile], seed: int) -> list[ImageFile]:
    """All files in a random order of which every beginning holds the classes in their shares.

    The first of each class come first, so that a beginning misses a class only where it is shorter
    than the list of classes.
    """
    shuffled = sorted(files, key=lambda file: file.name)
    random.Random(seed).shuffle(shuffled)
    total, before = Counter(file.label for file in files), Counter[str]()
    places = []
    for file in shuffled:
        places.append(before[file.label] / total[file.label])
        before[file.label] += 1
    return [shuffled[i] for i in sorted(range(len(places)), key=lambda i: places[i])]
