"""A run that pushes forms for TensorFlow Lite beside the model."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules import lite, model_layout
from modules.images import image
from modules.settings import ImageSpec
from tests.conftest import PROJECT
from tests.e2e.test_gate import LIGHT
from tests.e2e.thaw import DIGITS, summary_in, thaw

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_exports_travel_with_the_version_and_give_its_labels(tmp_path: Path) -> None:
    asked = ("--set", "push.exports=[tflite_float16, tflite_int8]")
    done = thaw("run", DIGITS, "--root", tmp_path, *LIGHT, *asked)
    assert done.code == 0, done.out + done.err
    summary = summary_in(tmp_path)
    float16, int8 = summary["exports"]
    assert [one["kind"] for one in (float16, int8)] == ["tflite_float16", "tflite_int8"]
    assert float16["passed"], float16
    assert int8["passed"], int8
    version = tmp_path / "serving" / str(summary["model_version"])
    card = (version / "assets.extra" / "model_card.md").read_text(encoding="utf-8")
    assert "## Its other forms" in card
    assert json.loads((version / "assets.extra" / "summary.json").read_text())["exports"]
    paths = sorted((PROJECT / "data" / "digits").rglob("*.png"))[::60]
    spec = ImageSpec(height=32, width=32)
    contents = [path.read_bytes() for path in paths]
    pixels = np.stack([image.decode(tf.constant(one), spec).numpy() for one in contents])
    signatures = tf.saved_model.load(str(version)).signatures
    served = signatures[model_layout.SERVE_IMAGES](image_bytes=tf.constant(contents))
    whole = served["scores"].numpy()
    same = signatures[model_layout.SERVE_PIXELS](pixels=tf.constant(pixels))["scores"].numpy()
    np.testing.assert_allclose(same, whole, atol=1e-5)
    for one in (float16, int8):
        content = (version / "assets.extra" / one["file"]).read_bytes()
        assert len(content) == one["bytes"]
        labels = lite.scores(content, pixels).argmax(axis=1)
        assert (labels == whole.argmax(axis=1)).mean() >= 0.95
