"""The node; ``problems`` has the rules."""

import json
import os
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Ingestion, Verdict, folder_of
from components.data_check import new_values, problems
from components.data_check.new_values import Accepted
from components.node_spec import filled, node_spec
from components.records import window_data
from components.records.data import read_report
from components.records.split_book import enter
from modules import features


class Executor(base_executor.BaseExecutor):
    """Fails if ExampleValidator found an anomaly, where a stock pipeline would go on."""

    def Do(  # noqa: N802 TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Called by TFX with the inputs and outputs of ``SPEC_CLASS``."""
        ingestion = [Path(artifact.uri) for artifact in input_dict["ingestion"]]
        examples = [artifact.uri for artifact in input_dict.get("examples", ())]
        data = window_data.read(examples, ingestion)
        if exec_properties["accepted"]:
            accepted = Accepted.of_text(exec_properties["accepted"])
            new_values.refuse(accepted, data, [read_report(folder) for folder in ingestion])
        lines = [line for each in input_dict.get("anomalies", ()) for line in _anomalies(each)]
        ways = []
        if exec_properties["counts"]:
            ways += ["take more spans into data.window"] if data.spans else []
            images = data.images or {}
            tested = images[features.TEST]
            lines += problems.missing_images(images)
            lines += problems.few_test_images(sum(tested.values()), exec_properties["min_examples"])
            lines += problems.few_other_images(tested, exec_properties["min_others"])
        problems.refuse(lines, ways)
        book = exec_properties["split_book"]
        for folder in ingestion if book else ():
            enter(Path(book), folder)
        verdict = folder_of(output_dict, "verdict") / "verdict.json"
        verdict.write_text(json.dumps({"problems": lines}), encoding="utf-8")


def _anomalies(artifact: Any) -> list[str]:
    lines: list[str] = []
    for split in artifact_utils.decode_split_names(artifact.split_names):
        diff = anomalies_pb2.Anomalies()
        path = os.path.join(artifact_utils.get_split_uri([artifact], split), "SchemaDiff.pb")
        with open(path, "rb") as file:
            diff.ParseFromString(file.read())
        lines += problems.anomalies(split, diff.anomaly_info)
    return lines


class DataCheck(base_component.BaseComponent):
    """Ends the run if its data cannot be trained on.

    Args:
        source: fingerprint of the code, for the cache's key.
        split_book: the file into which a span's splits are entered; empty for none.
        min_examples: how many test images the gate asks for.
        min_others: how many test images of other classes than the commonest the gate asks for.
        accepted: which labels and formats there may be; any if None.
        counts: whether the images are counted; not for a span that is trained on with others.
        **inputs: the channels of ``SPEC_CLASS.INPUTS``: the anomalies that ExampleValidator found,
            and the reports of the ingestion; of the images of several spans also the examples,
            since some may not be used.
    """

    SPEC_CLASS = node_spec(
        properties={
            "source": str, "split_book": str, "min_examples": int, "min_others": int, "counts": str,
            "accepted": str,
        },
        inputs={
            "anomalies": standard_artifacts.ExampleAnomalies,
            "ingestion": Ingestion,
            "examples": standard_artifacts.Examples,
        },
        outputs={"verdict": Verdict},
        optional=["anomalies", "examples"],
    )  # fmt: skip
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        source: str,
        split_book: str = "",
        min_examples: int = 0,
        min_others: int = 0,
        accepted: Accepted | None = None,
        *,
        counts: bool = True,
        **inputs: types.BaseChannel | None,
    ) -> None:
        super().__init__(
            filled(
                self.SPEC_CLASS,
                inputs,
                source=source,
                split_book=split_book,
                min_examples=min_examples,
                min_others=min_others,
                counts="yes" if counts else "",
                accepted=accepted.as_text() if accepted else "",
            )
        )
