"""What Beam's workers run. Nothing of TFX is imported here: a worker would take seconds for it."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from components.image_example_gen import label_records, records, report
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.older_part import OlderPart
from modules import features, progress
from modules.images import shard_labels
from modules.images.shard_labels import SpanPart
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
    older: OlderPart | None = None,
    keeps_digests: bool = False,
) -> tuple[int, records.ChunkReport]:
    """Writes a chunk, and reports the progress.

    Args:
        packed: what ``pack`` returned.
        chunks: how many there are.
        images: how many are in all of them.
        folders: each split's folder.
        shares: each split's share of the images that no listing gave a split.
        options: as ``records.write_chunk`` takes them.
        older: likewise.
        keeps_digests: likewise.

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

    return 0, records.write_chunk(
        files, folders, shares, options, number,
        older=older, keeps_digests=keeps_digests, advance=advance,
    )  # fmt: skip


def _unpack(packed: bytes) -> tuple[int, list[ImageFile]]:
    number, rows = json.loads(zlib.decompress(packed))
    return number, [ImageFile.from_json(row) for row in rows]


@dataclass(frozen=True)
class Target:
    """An Examples artifact that is written.

    Attributes:
        folder: the artifact's.
        has_labels: whether it has a split of the labels: nothing is trained on a golden set.
        span: which part of a span it holds, without its digests; None for data without spans, and
            for a span that is not read together with others.
    """

    folder: str
    has_labels: bool = True
    span: SpanPart | None = None


def write_report(
    keyed: tuple[int, Iterable[records.ChunkReport]],
    details: Mapping[str, Any],
    files: report.Files,
    targets: Sequence[Target],
    fingerprint: str,
) -> None:
    """Writes the report of all chunks, the labels beside the splits, and a split of the classes.

    Args:
        keyed: the reports, under the key that they share.
        details: what else the report says.
        files: where it goes.
        targets: the artifact of all images; and that of the older part, if there is one.
        fingerprint: of the data.
    """
    _, chunks = keyed
    whole = report.merge(chunks)
    for target, written in zip(targets, (whole.written, whole.older), strict=False):
        digests = {shard: "".join(of_shard) for shard, of_shard in written.digests.items()}
        span = replace(target.span, digests=digests) if target.span else None
        shard_labels.write(target.folder, fingerprint, written.labels, span)
        if target.has_labels:
            classes = label_records.of_training(written.labels)
            label_records.write(f"{target.folder}/Split-{features.LABELS}", classes)
    report.write(whole, details, files)
