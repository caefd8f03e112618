"""A whole export, with Transform's graph, as a model to serve and as the next run's backbone."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

from modules import export, features, model_layout, preprocessing
from modules.backbones import backbone
from modules.backbones.blocks import blocks
from modules.finetune.classifier import Classifier
from modules.images import image
from modules.settings import ImageSpec
from tests.conftest import GLYPHS, encoded, picture
from tests.modules.small_modules import SIZE, save_with_table

LABELS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def transform(tmp_path_factory: pytest.TempPathFactory) -> tft.TFTransformOutput:
    """Transform's graph over three labels, made by its own code and without a pipeline."""
    folder = tmp_path_factory.mktemp("transform")
    spec = {
        name: tf.io.FixedLenFeature([1], tf.string)
        for name in (features.IMAGE_BYTES, features.LABEL)
    }
    schema: schema_pb2.Schema = schema_utils.schema_from_feature_spec(spec)
    metadata = dataset_metadata.DatasetMetadata(schema)
    rows = [{features.IMAGE_BYTES: [b"x"], features.LABEL: [label.encode()]} for label in LABELS]
    with tft_beam.Context(temp_dir=tempfile.mkdtemp(dir=folder)):
        _, function = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(
            preprocessing.preprocessing_fn
        )
        function | tft_beam.WriteTransformFn(str(folder / "out"))
    metadata_io.write_metadata(metadata, str(folder / "out" / "metadata"))
    return tft.TFTransformOutput(str(folder / "out"))


@pytest.mark.parametrize("kind", ["glyphs", "table"])
def test_an_export_serves_and_is_the_backbone_that_was_trained(
    tmp_path: Path, transform: tft.TFTransformOutput, kind: str
) -> None:
    """Its features are those that its own head scores, in blocks of the original's names."""
    size = 32 if kind == "glyphs" else SIZE
    handle = str(GLYPHS) if kind == "glyphs" else save_with_table(tmp_path / "module")
    model = Classifier(backbone.load(handle), len(LABELS))
    generator = tf.random.Generator.from_seed(1)
    for variable in [*model.head, *model.backbone.trainable]:  # As training would.
        variable.assign(variable + 0.1 * generator.normal(variable.shape))
    spec = ImageSpec(height=size, width=size, input_range=(-1.0, 1.0))
    sample = encoded(picture(size, size, 3))
    export.export(
        model, LABELS, spec, transform=transform, folder=tmp_path / "here", samples=[sample]
    )
    if kind == "table":
        shutil.rmtree(tmp_path / "module")
    version = tmp_path / "there" / "1"
    shutil.move(tmp_path / "here", version)

    served = tf.saved_model.load(str(version))
    assert set(served.signatures) == {
        model_layout.SERVE_IMAGES, model_layout.SERVE_EXAMPLES, model_layout.SERVE_PIXELS,
        model_layout.TRANSFORM_LABELS,
    }  # fmt: skip
    scores = served.signatures[model_layout.SERVE_IMAGES](image_bytes=tf.constant([sample]))
    again = backbone.load(str(version))
    images = image.to_range(image.decode_batch(tf.constant([sample]), spec), spec)
    embedded = again.forward(images)
    np.testing.assert_allclose(embedded, model.backbone.forward(images), atol=1e-6)
    kernel, bias = served.variables_in_use[:2]
    expected = tf.nn.softmax(embedded @ kernel + bias)
    np.testing.assert_allclose(scores[model_layout.SCORES], expected, atol=1e-5)

    def shown(module: backbone.Backbone) -> list[tuple[str, list[str], int]]:
        return [(b.name, b.variable_names, b.batch_norm) for b in blocks.blocks_of(module)]

    assert shown(again) == shown(model.backbone)
