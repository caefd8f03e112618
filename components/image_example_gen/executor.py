"""Runs the chunks on Beam; the work itself is in ``records``."""

import json
import os
from typing import Any

import apache_beam as beam
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components.image_example_gen import records
from components.image_example_gen.files import FINGERPRINT, ImageFile, list_all
from components.image_example_gen.report import REPORT_FILE, check_bad, merge
from modules import features, progress


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes ``examples`` and the ingestion report."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the outputs ``examples`` and ``ingestion``."""
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        ingestion = artifact_utils.get_single_instance(output_dict["ingestion"])
        shares = json.loads(exec_properties["splits"])
        splits = [*features.SPLITS, *([features.EARLIER] if exec_properties["earlier"] else [])]
        examples.split_names = artifact_utils.encode_split_names(splits)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        # TFX knows no name for TFRecords that are not compressed: its readers and ours go by the
        # files' names, and images are compressed already.
        examples.set_string_custom_property(FINGERPRINT, exec_properties.get(FINGERPRINT) or "")
        folders = {split: artifact_utils.get_split_uri([examples], split) for split in splits}
        path = os.path.join(ingestion.uri, REPORT_FILE)
        files = list_all(exec_properties["path"], exec_properties["earlier"])
        # Apart, so that earlier images change nothing in how the others are shuffled.
        parts = [file for file in files if not file.split], [file for file in files if file.split]
        chunks = [chunk for part in parts if part for chunk in records.chunks(part)]
        total = sum(map(len, chunks))
        work = [(number, len(chunks), chunk) for number, chunk in enumerate(chunks)]
        with self._make_beam_pipeline() as pipeline:
            reports = (
                pipeline
                | "Chunks" >> beam.Create(work, reshuffle=True)
                | "Write" >> beam.Map(_write, folders=folders, shares=shares, images=total)
                | "Together" >> beam.combiners.ToList()
            )
            _ = reports | "Report" >> beam.Map(_write_report, path=path)
        with open(path, encoding="utf-8") as file:
            check_bad(json.load(file), exec_properties["max_bad_fraction"])


def _write(
    work: tuple[int, int, list[ImageFile]],
    folders: dict[str, str],
    shares: dict[str, float],
    images: int,
) -> records.ChunkReport:
    number, total, files = work
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress.report(
            f"image_example_gen shard {number + 1} of {total}: {done} of {len(files)} files",
            advance=more,
            total=images,
        )

    return records.write_chunk(files, folders, shares, number, total, advance)


def _write_report(reports: list[records.ChunkReport], path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(merge(reports), file, indent=1, ensure_ascii=False)
