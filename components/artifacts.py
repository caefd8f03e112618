"""The artifact types that Thaw adds to TFX's own, and where an artifact lies."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils


def folder_of(artifacts: Mapping[str, list[Any]], key: str) -> Path:
    """The folder of the only artifact of an input or an output.

    Args:
        artifacts: an executor's ``input_dict`` or ``output_dict``.
        key: of the channel.

    Raises:
        ValueError: when there are several artifacts, or none.
    """
    return Path(artifact_utils.get_single_uri(artifacts[key]))


def patterns_of(artifacts: Mapping[str, list[Any]], split: str) -> list[str]:
    """The patterns of the files of a split, one for each artifact of the input ``examples``."""
    uris = artifact_utils.get_split_uris(artifacts["examples"], split)
    return [io_utils.all_files_pattern(uri) for uri in uris]


class Ingestion(Artifact):
    """A folder with ``ingestion.json``: counts by split and class, and of what was left out."""

    TYPE_NAME = "ThawIngestion"


class Quarantine(Artifact):
    """A folder with ``quarantine.jsonl``: each image that was left out, and why."""

    TYPE_NAME = "ThawQuarantine"


class Verdict(Artifact):
    """A folder with ``verdict.json``: whether the data may be trained on, and why not."""

    TYPE_NAME = "ThawDataVerdict"


class SpanReview(Artifact):
    """A folder with ``review.json``, what the served model says of a span, and ``sheet.html``."""

    TYPE_NAME = "ThawSpanReview"


class RunSummary(Artifact):
    """A folder with ``summary.json``: what a run did."""

    TYPE_NAME = "ThawRunSummary"


class Baseline(Artifact):
    """A folder with ``baseline.json``: which served version a candidate is compared with."""

    TYPE_NAME = "ThawBaseline"


class Exports(Artifact):
    """A folder with ``exports.json`` and the files that it tells of: other forms of a model."""

    TYPE_NAME = "ThawExports"


class ModelCard(Artifact):
    """A folder with ``card.json``, what is known of a model, and the same for people."""

    TYPE_NAME = "ThawModelCard"
