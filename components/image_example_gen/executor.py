"""Runs the chunks on Beam; what a worker does is in ``work``."""

from pathlib import Path
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.image_example_gen import beam_worker, records, report, split_assignment
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.io import PLACE
from components.image_example_gen.sources import list_data, spans
from components.records.data import FINGERPRINT, REPORT_FILE
from modules import features, progress
from modules.settings import Ingest


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes ``examples``, the report of the ingestion and the list of what was left out."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the outputs of ``ImageExampleGenSpec``."""
        given = {key: artifact_utils.get_single_instance(v) for key, v in output_dict.items()}
        options = Ingest.model_validate_json(exec_properties["options"])
        place = spans.Place.model_validate_json(exec_properties[PLACE])
        options = place.options(options)
        listing = list_data(options)
        decided = split_assignment.assign_splits(listing.files, options.splits.shares())
        folders = _describe(given["examples"], options, exec_properties, place)
        summary = Path(given["ingestion"].uri, REPORT_FILE)
        files = report.Files(summary, Path(given["quarantine"].uri, report.QUARANTINE_FILE))
        told: dict[str, Any] = {"layout": listing.layout, "left_out": listing.passed.parts()}
        told |= {"duplicates": decided.duplicates}
        if place.span is not None:
            told |= {"span": place.span, "version": place.version or 0}
        with self._make_beam_pipeline() as pipeline:
            _write(pipeline, decided, folders, options) | beam.Map(beam_worker.tell, told, files)
        report.check_bad(files, options.max_bad_fraction)
        line = report.check_colors(files)
        if line:
            progress.report(f"image_example_gen {line}")


def _describe(
    examples: Any, options: Ingest, properties: dict[str, Any], place: spans.Place
) -> dict[str, str]:
    """Tells TFX what is in the artifact; gives each split's folder."""
    splits = [*features.SPLITS, *([features.EARLIER] if options.earlier else [])]
    examples.split_names = artifact_utils.encode_split_names(splits)
    examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
    # TFX knows no name for TFRecords that are not compressed: its readers and ours go by the
    # files' names, and images are compressed already.
    examples.set_string_custom_property(FINGERPRINT, properties.get(FINGERPRINT) or "")
    if place.span is not None:
        examples.span, examples.version = place.span, place.version or 0
    return {split: artifact_utils.get_split_uri([examples], split) for split in splits}


def _write(
    pipeline: Any,
    decided: split_assignment.SplitAssignment,
    folders: dict[str, str],
    options: Ingest,
) -> beam.PCollection:
    """One pass over all images; gives the reports of all chunks, under one key."""
    # Apart, so that earlier images change nothing in how the others are shuffled.
    parts: tuple[list[ImageFile], list[ImageFile]] = ([], [])
    for file in decided.files:
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
            images=len(decided.files),
            folders=folders,
            shares=decided.shares,
            options=options,
        )
        | "Together" >> beam.GroupByKey()
    )
