"""The node, run by TFX on its own."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.infra_check import component
from components.infra_check.component import DockerCheck, InfraCheck, docker_specs
from components.infra_check.outcome import Check, Outcome
from modules import features
from modules.settings import Infra
from tests.components.infra_check import small_servables as small


def records(folder: Path, images: list[bytes]) -> None:
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "records")) as writer:
        for image in images:
            value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
            example = tf.train.Example(
                features=tf.train.Features(feature={features.IMAGE_BYTES: value})
            )
            writer.write(example.SerializeToString())


def inputs(root: Path) -> dict[str, Any]:
    """A good model, test images, and an evaluation, as a pipeline has them."""
    small.save(root / "model" / "Format-Serving")
    records(root / "examples" / "Split-test", small.images())
    (root / "evaluation").mkdir()
    return {
        "model": (standard_artifacts.Model, {}),
        "examples": (standard_artifacts.Examples, {"split_names": '["test"]'}),
        "evaluation": (standard_artifacts.ModelEvaluation, {}),
    }


class Runner:
    """Runs the node again and again over the same inputs."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inputs = inputs(root)
        self._store = metadata.sqlite_metadata_connection_config(str(root / "metadata.sqlite"))

    def run(self, options: Infra) -> None:
        imported = {
            key: Importer(
                source_uri=str(self._root / key), artifact_type=kind, properties=properties
            ).with_id(key)
            for key, (kind, properties) in self._inputs.items()
        }
        node = InfraCheck(
            **{key: importer.outputs["result"] for key, importer in imported.items()},
            options=options,
            source="code",
        )
        pipeline = Pipeline(
            pipeline_name="infra",
            pipeline_root=str(self._root / "pipeline"),
            components=[*imported.values(), node],
            enable_cache=True,
            metadata_connection_config=self._store,
        )
        LocalDagRunner().run(pipeline)

    def blessings(self) -> list[Any]:
        with metadata.Metadata(self._store) as store:
            result = store.store.get_artifacts_by_type("InfraBlessing")
        return sorted(result, key=lambda blessing: int(blessing.id))


def test_a_good_model_is_blessed_with_the_evaluators_scores_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int | None]] = []

    def read_scores(folder: str, limit: int | None = None) -> dict[str, Any]:
        asked.append((folder, limit))
        return {
            hashlib.sha256(image).hexdigest(): small.expected(image) for image in small.images()
        }

    monkeypatch.setattr(component, "read_scores", read_scores)
    runner = Runner(tmp_path)
    runner.run(Infra(requests=3))
    (blessing,) = runner.blessings()
    record = json.loads(Path(blessing.uri, "infra.json").read_text(encoding="utf-8"))
    assert record["problems"] == []
    assert blessing.custom_properties["blessed"].int_value == 1
    assert (record["parity"]["images"], record["latency_ms"]["requests"]) == (5, 3)
    assert asked == [(str(tmp_path / "evaluation"), 16)]


def test_a_refused_model_is_tried_again_and_one_that_passed_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fates = [["it hung"], ["it crashed"], []]
    tried: list[Infra] = []

    def check(model: str, samples: object, options: Infra) -> Outcome:
        tried.append(options)
        return Outcome((Check("process", tuple(fates[len(tried) - 1])),))

    monkeypatch.setattr(component, "check", check)
    monkeypatch.setattr(component, "read_scores", lambda folder, limit: {})
    runner = Runner(tmp_path)
    for attempts in (1, 2, 3, 3, 3):
        runner.run(Infra())
        assert len(tried) == attempts
    blessed = [blessing.custom_properties["blessed"].int_value for blessing in runner.blessings()]
    assert blessed == [0, 0, 1]


def test_tfxs_validator_gets_whole_records_of_the_test_split() -> None:
    specs = docker_specs(Infra(load_seconds=90.4))
    (tag,) = specs["serving_spec"].tensorflow_serving.tags
    assert tag[0].isdigit()
    assert specs["serving_spec"].WhichOneof("serving_platform") == "local_docker"
    assert list(specs["request_spec"].tensorflow_serving.signature_names) == ["serving_examples"]
    assert specs["request_spec"].split_name == features.TEST
    assert specs["validation_spec"].max_loading_time_seconds == 90
    placeholders = {
        key: Channel(type=kind)
        for key, kind in (
            ("model", standard_artifacts.Model),
            ("examples", standard_artifacts.Examples),
        )
    }
    node = DockerCheck(**placeholders, **specs)
    assert node.outputs["blessing"].type is standard_artifacts.InfraBlessing
