"""The split of the labels holds all that Transform needs, and no image."""

import tempfile
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.tfxio import tf_example_record

from components.image_example_gen import component, label_records
from modules import features, preprocessing
from modules.images.inputs import read_labels
from tests.components.image_example_gen.test_component import properties_of, run

# Both forms of an accent, text from right to left, a surrogate pair, and a space.
ODD = ["caf\u00e9", "cafe\u0301", "\u05d7\u05ea\u05d5\u05dc", "\U0001f600", "a b", "\ufffe", "Z"]


def vocabulary(patterns: list[str], folder: Path) -> list[str]:
    """The labels that Transform's own code takes from records, with the schema that it has."""
    text = Path(features.__file__).with_name("schema.pbtxt").read_text(encoding="utf-8")
    schema = text_format.Parse(text, schema_pb2.Schema())
    source = tf_example_record.TFExampleRecord(patterns, schema=schema, telemetry_descriptors=["t"])
    # As TFX's Transform does: it parses what the analysis takes, and nothing else.
    specs = source.TensorAdapter().OriginalTypeSpecs()
    taken = tft.get_analyze_input_columns(preprocessing.preprocessing_fn, specs)
    source = source.Project(taken)
    with tft_beam.Context(temp_dir=tempfile.mkdtemp(dir=folder)), beam.Pipeline() as pipeline:
        batches = pipeline | source.BeamSource()
        function = (batches, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(
            preprocessing.preprocessing_fn
        )
        _ = function | tft_beam.WriteTransformFn(str(folder / "transform"))
    return read_labels(tft.TFTransformOutput(str(folder / "transform")))


def test_the_classes_are_those_of_usable_training_images() -> None:
    labels = {"Split-train/0": ["b", "b"], "Split-train/1": ["a", "b"], "Split-test/0": ["c"]}
    assert label_records.of_training(labels) == ["a", "b"]


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes]) -> list[str]:
    """The folders of two Examples artifacts; some classes are in both."""
    place = tmp_path_factory.mktemp("spans")
    folders = []
    for name, labels in {"1": ODD[:5], "2": ODD[3:]}.items():
        rows = ["path,label,split"]
        for number, label in enumerate([*labels, "held out"]):
            (place / name).mkdir(exist_ok=True)
            (place / name / f"{number}.png").write_bytes(pictures[number + 20 * int(name)])
            split = "test" if label == "held out" else "train"
            rows.append(f'{number}.png,"{label}",{split}')
        (place / name / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
        properties = properties_of(place / name / "rows.csv")
        properties |= component.Driver(None).changes(properties, {})
        folders.append(run(properties, place / "out" / name).uri)
    return folders


def test_transform_takes_the_same_labels_from_them_as_from_the_training_images(
    spans: list[str], tmp_path: Path
) -> None:
    by_split = {}
    for split in (features.LABELS, features.TRAIN):
        (tmp_path / split).mkdir()
        patterns = [f"{folder}/Split-{split}/*" for folder in spans]
        by_split[split] = vocabulary(patterns, tmp_path / split)
    assert by_split[features.LABELS] == by_split[features.TRAIN]
    assert by_split[features.LABELS] == sorted(ODD, key=str.encode)


def test_they_hold_no_image_and_are_the_same_each_time(spans: list[str], tmp_path: Path) -> None:
    written = Path(spans[0], "Split-labels", label_records.FILE)
    label_records.write(str(tmp_path / "again"), sorted(ODD[:5]))
    assert (tmp_path / "again" / label_records.FILE).read_bytes() == written.read_bytes()
    for record in tf.data.TFRecordDataset(str(written)).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        assert feature[features.IMAGE_BYTES].bytes_list.value[0] == b""
