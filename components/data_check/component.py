"""The node; ``problems`` has the rules."""

import json
import os
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Ingestion, Verdict
from components.data_check.problems import (
    anomalies,
    few_other_images,
    few_test_images,
    missing_images,
    refuse,
)
from components.records.data import read_report
from modules import features


@component
def DataCheck(  # noqa: N802 a component is a class to its users
    found: InputArtifact[standard_artifacts.ExampleAnomalies],
    ingestion: InputArtifact[Ingestion],
    source: Parameter[str],
    min_examples: Parameter[int],
    min_others: Parameter[int],
    verdict: OutputArtifact[Verdict],
) -> None:
    """Fails where ExampleValidator found an anomaly; a stock pipeline would go on.

    Args:
        found: ExampleValidator's anomalies.
        ingestion: the counts by split and class.
        source: fingerprint of the code, for the cache's key.
        min_examples: how many test images the gate asks for.
        min_others: how many of other classes than the commonest.
        verdict: written only for data without problems.
    """
    del source
    lines: list[str] = []
    for split in artifact_utils.decode_split_names(found.split_names):
        diff = anomalies_pb2.Anomalies()
        path = os.path.join(artifact_utils.get_split_uri([found], split), "SchemaDiff.pb")
        with open(path, "rb") as file:
            diff.ParseFromString(file.read())
        lines += anomalies(split, diff.anomaly_info)
    images = read_report(Path(ingestion.uri)).images or {}
    lines += missing_images(images)
    lines += few_test_images(sum(images[features.TEST].values()), min_examples)
    lines += few_other_images(images[features.TEST], min_others)
    refuse(lines)
    with open(os.path.join(verdict.uri, "verdict.json"), "w", encoding="utf-8") as file:
        json.dump({"problems": lines}, file)
