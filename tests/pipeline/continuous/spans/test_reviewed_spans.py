"""What the served model says of a span decides whether it is trained on, unless a person does."""

import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from typer.testing import CliRunner

from components.records import spans, split_book
from components.records.spans import SpanRecord
from modules import features, model_layout
from pipeline.cli.app import app
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.spans.ingest import ingest_spans
from pipeline.continuous.spans.scan import scan_spans
from pipeline.runners import begin
from pipeline.state.root import Root
from tests.conftest import GLYPHS
from tests.pipeline.continuous.spans.test_ingest import fill


class ReadsTheLabel(tf.Module):
    """Knows the classes a and b by the level of blue that ``fill`` gives them."""

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name=features.IMAGE_BYTES)])
    def serve(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """The scores of a batch."""
        blue = tf.map_fn(
            lambda content: tf.io.decode_png(content, channels=3)[-1, -1, 2],
            image_bytes,
            fn_output_signature=tf.uint8,
        )
        place = tf.cast(blue, tf.int32) - ord("a")
        return {model_layout.SCORES: tf.one_hot(place, 2, on_value=0.9, off_value=0.1)}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A span whose two labels are swapped, and a version that knows better."""
    fill(tmp_path / "swapped")
    for label, other in ("ab", "ba"):
        shutil.copytree(tmp_path / "swapped" / label, tmp_path / "span-6" / other)
    model, version = ReadsTheLabel(), tmp_path / "root" / "serving" / "3"
    tf.saved_model.save(model, str(version), {model_layout.SERVE_IMAGES: model.serve})
    model_layout.write_labels("ab", version)
    file = tmp_path / "spans.yaml"
    file.write_text(
        f"data: {{path: '{tmp_path}/span-{{SPAN}}', window: {{spans: 3}}}}\nroot: root\n"
        f"backbone: {{handle: {GLYPHS}}}\nbeam: {{mode: in_memory}}\n",
        encoding="utf-8",
    )
    return loading.load(file)


def ingest(config: Config) -> SpanRecord:
    with begin.held(config), begin.begun(config) as run:
        return ingest_spans(run, scan_spans(config, spans.read(run.root.spans)))[6]


def test_a_suspicious_span_is_quarantined_until_a_person_decides(
    config: Config, capfd: pytest.CaptureFixture[str]
) -> None:
    suspicious = ingest(config)
    assert suspicious.state == "quarantined"
    assert suspicious.reason.startswith(
        "the whole span: the served model agrees with the labels of 0 of"
    )
    assert suspicious.agreement is not None
    sheet = Root(config.root).path / suspicious.agreement.sheet
    assert sheet.read_text().count("<img ") == 20
    assert split_book.read(Root(config.root).split_book).sightings == {}
    said = capfd.readouterr().out
    assert "span 6 is quarantined, so no model is trained on it: the whole span" in said
    assert f"accept or reject it: thaw spans accept {config.file} 6 --by NAME" in said

    person = ["--by", "ann", "--reason", "it is as it should be"]
    done = CliRunner().invoke(app, ["spans", "accept", str(config.file), "6", *person])
    assert done.exit_code == 0, done.output
    # Other options have the span ingested again, and its content is the same.
    again = ingest(loading.load(config.file, ["data.max_pixels=10000"]))
    assert again.options_digest != suspicious.options_digest
    assert (again.state, again.decided_by) == ("accepted", "ann")
    assert len(split_book.read(Root(config.root).split_book).sightings) == 24
