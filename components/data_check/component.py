"""The node; ``problems`` has the rules."""

import json
import os
from pathlib import Path

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Ingestion, Verdict
from components.data_check import problems
from components.records.data import read_report
from components.records.split_book import enter
from modules import features


@component
def DataCheck(  # noqa: N802 a component is a class to its users
    anomalies: InputArtifact[standard_artifacts.ExampleAnomalies],
    ingestion: InputArtifact[Ingestion],
    source: Parameter[str],
    split_book: Parameter[str],
    min_examples: Parameter[int],
    min_others: Parameter[int],
    verdict: OutputArtifact[Verdict],
) -> None:
    """Fails if ExampleValidator found an anomaly, where a stock pipeline would go on.

    Args:
        anomalies: from ExampleValidator.
        ingestion: the counts by split and class.
        source: fingerprint of the code, for the cache's key.
        split_book: the file into which a span's splits are entered; empty for none.
        min_examples: how many test images the gate asks for.
        min_others: how many test images of other classes than the commonest the gate asks for.
        verdict: written only for data without problems.
    """
    del source
    lines: list[str] = []
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        diff = anomalies_pb2.Anomalies()
        path = os.path.join(artifact_utils.get_split_uri([anomalies], split), "SchemaDiff.pb")
        with open(path, "rb") as file:
            diff.ParseFromString(file.read())
        lines += problems.anomalies(split, diff.anomaly_info)
    images = read_report(Path(ingestion.uri)).images or {}
    lines += problems.missing_images(images)
    lines += problems.few_test_images(sum(images[features.TEST].values()), min_examples)
    lines += problems.few_other_images(images[features.TEST], min_others)
    problems.refuse(lines)
    if split_book:
        enter(Path(split_book), Path(ingestion.uri))
    with open(os.path.join(verdict.uri, "verdict.json"), "w", encoding="utf-8") as file:
        json.dump({"problems": lines}, file)
