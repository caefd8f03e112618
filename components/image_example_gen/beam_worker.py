"""What Beam's workers run. Nothing of TFX is imported here: a worker would take seconds for it."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.image_example_gen import label_records, records, report
from components.image_example_gen.image_file import ImageFile
from modules import features, progress
from modules.images import shard_labels
from modules.settings import GoldenIngest, Ingest


def node_of(options: Ingest) -> str:
    """The name of the node that takes these images in, for the display."""
    return "golden_example_gen" if isinstance(options, GoldenIngest) else "image_example_gen"


def pack(number: int, files: Sequence[ImageFile]) -> bytes:
    """A chunk and its number, for ``write``.

    Beam walks through all objects that a pipeline is built from, and compresses them, several
    times. It does not look into bytes, and these are few.
    """
    return zlib.compress(json.dumps([number, [vars(file) for file in files]]).encode(), 1)


def write(
    packed: bytes,
    *,
    chunks: int,
    images: int,
    folders: Mapping[str, str],
    shares: Mapping[str, float],
    options: Ingest,
) -> tuple[int, records.ChunkReport]:
    """Writes a chunk, and reports the progress.

    Args:
        packed: what ``pack`` returned.
        chunks: how many there are.
        images: how many are in all of them.
        folders: each split's folder.
        shares: each split's share of the images that no listing gave a split.
        options: as ``records.write_chunk`` takes them.

    Returns:
        The report, under a key that all reports share.
    """
    number, files = _unpack(packed)
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress.report(
            f"{node_of(options)} shard {number + 1} of {chunks}: {done} of {len(files)} images",
            advance=more,
            total=images,
        )

    return 0, records.write_chunk(files, folders, shares, options, number, advance=advance)


def _unpack(packed: bytes) -> tuple[int, list[ImageFile]]:
    number, rows = json.loads(zlib.decompress(packed))
    return number, [ImageFile.from_json(row) for row in rows]


def write_report(
    keyed: tuple[int, Iterable[records.ChunkReport]],
    details: Mapping[str, Any],
    files: report.Files,
    examples: str,
    fingerprint: str,
) -> None:
    """Writes the report of all chunks, the labels beside the splits, and a split of the classes.

    Nothing is trained on a golden set, so it has no such split.

    Args:
        keyed: the reports, under the key that they share.
        details: what else the report says.
        files: where it goes.
        examples: the folder of the Examples artifact.
        fingerprint: of the data.
    """
    _, chunks = keyed
    whole = report.merge(chunks)
    shard_labels.write(examples, fingerprint, whole.labels)
    if all(split != features.GOLDEN for split, _ in whole.counts):
        classes = label_records.of_training(whole.counts)
        label_records.write(f"{examples}/Split-{features.LABELS}", classes)
    report.write(whole, details, files)
