"""The node; ``review`` does the work."""

from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import io_utils

from components.artifacts import Ingestion, folder_of
from components.artifacts import SpanReview as SpanReviewArtifact
from components.driver import PropertiesDriver
from components.node_spec import filled, node_spec
from components.records.data import read_report
from components.records.span_decisions import write_review
from components.serving import versions
from components.span_review.review import review
from modules import features

_VERSION = "version"


class Driver(PropertiesDriver):
    """Looks into the serving folder, so that the cache's key depends on what is served."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """The served version's number, as a property; empty for none."""
        del inputs
        numbers = versions.list_versions(Path(properties["serving_dir"]))
        return {_VERSION: str(numbers[-1]) if numbers else ""}


class Executor(base_executor.BaseExecutor):
    """Asks the served version about all images of the span."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX."""
        version = exec_properties[_VERSION]
        record, sheet = review(
            Path(exec_properties["serving_dir"]),
            int(version) if version else None,
            _shards(input_dict["examples"]),
            exec_properties["min_agreement"],
            read_report(folder_of(input_dict, "ingestion")).span,
        )
        write_review(folder_of(output_dict, "review"), record, sheet)


def _shards(examples: list[Any]) -> dict[str, list[str]]:
    """The files of all artifacts, by split."""
    return {
        split: [
            file
            for artifact in examples
            if split in artifact_utils.decode_split_names(artifact.split_names)
            for file in tf.io.gfile.glob(
                io_utils.all_files_pattern(artifact_utils.get_split_uri([artifact], split))
            )
        ]
        for split in features.SPLITS
    }


class SpanReview(base_component.BaseComponent):
    """Has the served model answer a new span, before any model is trained on it.

    Args:
        serving_dir: the folder of the versions.
        min_agreement: the least share of images for which the model's answer should be the label.
        source: fingerprint of the code, for the cache's key.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``: the whole span, and its counts.
    """

    SPEC_CLASS = node_spec(
        properties={"serving_dir": str, "min_agreement": float, "source": str},
        inputs={"examples": standard_artifacts.Examples, "ingestion": Ingestion},
        outputs={"review": SpanReviewArtifact},
        by_driver=[_VERSION],
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(
        self, serving_dir: str, min_agreement: float, source: str, **inputs: types.BaseChannel
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                serving_dir=serving_dir,
                min_agreement=min_agreement,
                source=source,
            )
        )
