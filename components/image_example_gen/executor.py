"""Runs the chunks on Beam; what a worker does is in ``beam_worker``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.image_example_gen import (
    beam_worker,
    contents,
    golden_set,
    listing_file,
    records,
    report,
    span_splits,
)
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.io import (
    GOLDEN,
    LISTING,
    OLDER_FRACTION,
    PLACE,
    SPAN,
    SPLIT_BOOK,
)
from components.image_example_gen.listing_file import DigestedListing
from components.image_example_gen.older_part import OlderPart
from components.image_example_gen.sources import key_of, spans
from components.image_example_gen.split_assignment import SplitAssignment
from components.records import split_book
from components.records.data import FINGERPRINT, PART, REPORT_FILE
from modules import features, progress
from modules.errors import InputError
from modules.images import shard_labels
from modules.images.shard_labels import SpanPart
from modules.settings import GoldenIngest, Ingest, ingest_of


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes ``examples``, the report of the ingestion and the list of what was left out."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the outputs of ``ImageExampleGen``."""
        outputs = {key: artifact_utils.get_single_instance(v) for key, v in output_dict.items()}
        options = ingest_of(exec_properties["options"])
        place = spans.Place.model_validate_json(exec_properties[PLACE])
        options = place.options(options)
        listing, assigned = _assigned(exec_properties, options, place.span)
        job = _job(outputs, exec_properties, options)
        targets = _targets(outputs, exec_properties, options, place, assigned.contradicted)
        summary = Path(outputs["ingestion"].uri, REPORT_FILE)
        files = report.Files(summary, Path(outputs["quarantine"].uri, report.QUARANTINE_FILE))
        details: dict[str, Any] = {"layout": listing.layout, "left_out": listing.left_out}
        details |= {"duplicates": assigned.duplicates}
        if assigned.golden:
            details["golden"] = len(assigned.golden)
        if place.span is not None:
            details |= {"span": place.span, "version": place.version or 0, "kept": assigned.kept}
            split_book.write_entries(summary.parent, assigned.entries)
        with self._make_beam_pipeline() as pipeline:
            _write(pipeline, assigned, job, options) | beam.Map(
                beam_worker.write_report, details, files, targets, exec_properties[FINGERPRINT]
            )
        contents.READ_BY_DRIVER.clear()
        report.add_golden(files, assigned.golden)
        try:
            report.check_unchanged(files, key_of(options))
        except InputError:
            # A file may have changed without a trace in its times: the next run reads all.
            if exec_properties.get(LISTING):
                Path(exec_properties[LISTING]).unlink(missing_ok=True)
            raise
        report.check_bad(files, options.max_bad_fraction, key_of(options))
        lines = (report.check_colors(files), report.kept_line(files), report.golden_line(files))
        for line in lines:
            if line:
                progress.report(f"{beam_worker.node_of(options)} {line}")


def _assigned(
    properties: dict[str, Any], options: Ingest, span: int | None
) -> tuple[DigestedListing, SplitAssignment]:
    """The listing that the driver took the fingerprint of, and its splits.

    Where the driver's file is not there, as on another machine, the images are listed and read
    again.

    Raises:
        InputError: when they are no longer what the driver has read.
    """
    book = split_book.read(properties.get(SPLIT_BOOK))
    golden = golden_set.names_of(properties.get(GOLDEN, ""))

    def matching(listing: DigestedListing) -> tuple[DigestedListing, SplitAssignment] | None:
        assigned = span_splits.assign(
            listing.files, options.splits.shares(), span, book, golden,
            is_joined=bool(properties.get(SPAN)),
        )  # fmt: skip
        same = assigned.fingerprint(listing.fingerprint) == properties[FINGERPRINT]
        return (listing, assigned) if same else None

    path = properties.get(LISTING)
    kept = listing_file.read(Path(path)) if path else None
    result = (matching(kept) if kept else None) or matching(
        listing_file.take(options, min_classes=1 if properties.get(SPAN) else 2)
    )
    if result is None:
        raise InputError(
            f"{key_of(options)}: images came, went or changed while the run listed them; run it "
            "again when nothing writes there"
        )
    return result


def _job(
    outputs: Mapping[str, Any], properties: Mapping[str, Any], options: Ingest
) -> dict[str, Any]:
    """Where the workers write which images, as ``records.write_chunk`` takes it."""
    fraction = properties.get(OLDER_FRACTION)
    folders = _folders(outputs["examples"], _splits(options))
    older = _folders(outputs["older"], features.SPLITS) if fraction else {}
    return {
        "folders": folders,
        "older": OlderPart(float(fraction), older) if fraction else None,
        "keeps_digests": bool(properties.get(SPAN)),
    }


def _targets(
    outputs: Mapping[str, Any],
    properties: Mapping[str, Any],
    options: Ingest,
    place: spans.Place,
    contradicted: Sequence[str],
) -> list[beam_worker.Target]:
    """Describes the artifacts to TFX, and for the report; the older part is the second of them."""
    fraction = properties.get(OLDER_FRACTION)
    has_labels = not isinstance(options, GoldenIngest)
    splits = {"examples": _splits(options), **({"older": [*features.SPLITS]} if fraction else {})}
    targets = []
    for key, names in splits.items():
        examples = outputs[key]
        names = [*names, features.LABELS] if has_labels else names
        examples.split_names = artifact_utils.encode_split_names(names)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        # TFX knows no name for TFRecords that are not compressed: its readers and ours go by the
        # files' names, and images are compressed already.
        examples.set_string_custom_property(FINGERPRINT, properties[FINGERPRINT])
        if key == "older":
            examples.set_string_custom_property(PART, f"{key} {fraction}")
        if place.span is not None:
            examples.span, examples.version = place.span, place.version or 0
        part = None
        if properties.get(SPAN):  # Such a span is read together with others.
            digests = [digest[: shard_labels.DIGITS] for digest in contradicted]
            part = SpanPart(examples.span, examples.version, key == "older", contradicted=digests)
        targets.append(beam_worker.Target(examples.uri, has_labels, part))
    return targets


def _splits(options: Ingest) -> list[str]:
    if isinstance(options, GoldenIngest):
        return [options.only_split]
    return [*features.SPLITS, *([features.EARLIER] if options.earlier else [])]


def _folders(examples: Any, splits: Sequence[str]) -> dict[str, str]:
    return {split: f"{examples.uri}/Split-{split}" for split in splits}


def _write(
    pipeline: Any,
    assigned: SplitAssignment,
    job: Mapping[str, Any],
    options: Ingest,
) -> beam.PCollection:
    """One pass over all images; gives the reports of all chunks, under one key."""
    # Apart, so that earlier images change nothing in how the others are shuffled.
    parts: tuple[list[ImageFile], list[ImageFile]] = ([], [])
    for file in assigned.files:
        parts[file.split == features.EARLIER].append(file)
    chunks = [chunk for part in parts for chunk in records.chunks(part)]
    packed = [beam_worker.pack(number, chunk) for number, chunk in enumerate(chunks)]
    return (
        pipeline
        | "Chunks" >> beam.Create(packed, reshuffle=True)
        | "Write"
        >> beam.Map(
            beam_worker.write,
            chunks=len(chunks),
            images=len(assigned.files),
            **job,
            shares=assigned.shares,
            options=options,
        )
        | "Together" >> beam.GroupByKey()
    )
