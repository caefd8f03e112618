"""What the driver found is what the executor takes."""

import json
from pathlib import Path

import tensorflow as tf
from tfx.types import standard_artifacts

from components import artifacts
from components.image_example_gen import component, executor
from components.image_example_gen.io import PLACE, fingerprint
from components.image_example_gen.sources import list_all
from components.records.data import FINGERPRINT
from modules import features
from tests.components.conftest import asked
from tests.components.image_example_gen.sources.test_spans import fill


def test_a_span_that_arrives_after_the_driver_is_the_next_runs(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    fill(tmp_path, ["span-1"], pictures)
    options = asked(f"{tmp_path}/span-{{SPAN}}")
    given = {"options": options.model_dump_json(), "source": ""}
    found = component.Driver(None).changes(given, {})
    assert str(tmp_path) not in found[PLACE]
    assert found[FINGERPRINT] == fingerprint(list_all(asked(tmp_path / "span-1")))

    fill(tmp_path, ["span-2"], pictures[2:])
    examples = standard_artifacts.Examples()
    ingestion, quarantine = artifacts.Ingestion(), artifacts.Quarantine()
    outputs = {"examples": examples, "ingestion": ingestion, "quarantine": quarantine}
    for name, artifact in outputs.items():
        artifact.uri = str(tmp_path / "out" / name)
        Path(artifact.uri).mkdir(parents=True)
    executor.Executor().Do({}, {key: [one] for key, one in outputs.items()}, given | found)

    assert (examples.span, examples.version) == (1, 0)
    assert examples.get_string_custom_property(FINGERPRINT) == found[FINGERPRINT]
    report = json.loads((tmp_path / "out/ingestion/ingestion.json").read_text(encoding="utf-8"))
    assert report["span"] == 1
    assert report["layout"] == "a folder per class"
    shards = [str(path) for path in (tmp_path / "out/examples").rglob("*.tfrecord")]
    written = {
        tf.train.Example.FromString(record.numpy())
        .features.feature[features.IMAGE_BYTES]
        .bytes_list.value[0]
        for record in tf.data.TFRecordDataset(shards)
    }
    assert written == set(pictures[:2])
    assert component.Driver(None).changes(given, {})[PLACE] != found[PLACE]
