"""What becomes of an export: pushed, left out, or never made."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.exports.convert import make
from components.exports.convert_worker import decoded
from components.records.model import ExportRecord, read_exports, write_exports
from modules import features
from modules.settings import ImageSpec
from tests.conftest import encoded


def worker(code: str) -> tuple[str, ...]:
    """A stand-in for the process that converts; ``job`` is its job."""
    start = "import json, os, sys; job = json.load(open(sys.argv[1] + '/job.json')); "
    return (sys.executable, "-c", start + code)


def converter_with(agreement: float) -> str:
    comparison = json.dumps({"images": 50, "agreement": agreement, "max_difference": 0.01})
    return (
        "open(job['file'], 'w').write('flat'); "
        f"open(sys.argv[1] + '/done.json', 'w').write('{comparison}')"
    )


def export_by(folder: Path, code: str, seconds: float = 60.0) -> ExportRecord:
    return make("tflite_int8", {}, folder, 0.98, seconds, worker(code))


def test_an_export_that_agrees_is_kept_and_recorded(tmp_path: Path) -> None:
    export = export_by(tmp_path, converter_with(0.99))
    assert export.passed
    assert (export.file, export.bytes, export.images) == ("model_int8.tflite", 4, 50)
    write_exports(tmp_path, [export])
    assert read_exports(tmp_path) == (export,)
    assert export.reason == "gives the model's label on 0.990 of 50 test images"


def test_an_export_that_disagrees_is_left_out_with_the_reason(tmp_path: Path) -> None:
    export = export_by(tmp_path, converter_with(0.9))
    assert not export.passed
    assert "and must on 0.98 (push.min_agreement)" in export.reason
    assert not (tmp_path / export.file).exists()


@pytest.mark.parametrize(
    ("code", "seconds", "reason"),
    [
        ("open(job['file'], 'w').write('half'); os.abort()", 60.0, "ended with -6: SIGABRT"),
        ("raise SystemExit('no such\\x1b operation')", 60.0, "no such\\x1b operation"),
        ("import time; time.sleep(60)", 1.0, "gave no answer within 1 s"),
    ],
)
def test_a_converter_that_fails_is_no_failed_pipeline(
    tmp_path: Path, code: str, seconds: float, reason: str
) -> None:
    export = export_by(tmp_path, code, seconds)
    assert not export.passed
    assert reason in export.reason
    assert not list(tmp_path.iterdir())


def test_which_images_are_looked_at_does_not_depend_on_their_order(tmp_path: Path) -> None:
    # Two classes one after the other, as in sorted shards: black, then white.
    images = [
        encoded(np.full((2, 2, 3), [shade, n // 16, n % 16], np.uint8))
        for shade in (0, 255)
        for n in range(150)
    ]
    samples = []
    for number, ordered in enumerate((images, images[::-1])):
        path = tmp_path / f"{number}.tfrecord"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for content in ordered:
                example = tf.train.Example()
                example.features.feature[features.IMAGE_BYTES].bytes_list.value.append(content)
                writer.write(example.SerializeToString())
        samples.append(decoded([str(path)], ImageSpec(height=2, width=2)))
    assert (samples[0] == samples[1]).all()
    assert samples[0].shape == (200, 2, 2, 3)
    assert 70 < int((samples[0][:, 0, 0, 0] == 255).sum()) < 130
