"""``thaw predict``: an entry for each image, and none that is good is lost for one that is not."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner, Result

import thaw
from modules import features, model_layout
from modules.errors import InputError
from pipeline.cli.app import app
from tests.conftest import encoded


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tells dark images from light ones."""
    folder = tmp_path_factory.mktemp("version")

    def score(content: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_image(content, 3, expand_animations=False)
        light = tf.reduce_mean(tf.cast(pixels, tf.float32)) / 255
        return tf.stack([1 - light, light])

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name=features.IMAGE_BYTES)])
    def serve(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = tf.map_fn(score, image_bytes, fn_output_signature=tf.float32)
        label = tf.gather(["dark", "light"], tf.argmax(scores, axis=-1))
        return {model_layout.SCORES: scores, features.LABEL: label}

    module = tf.Module()
    tf.saved_model.save(module, str(folder), signatures={model_layout.SERVE_IMAGES: serve})
    model_layout.write_labels(["dark", "light"], folder)
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Good and bad ones, at several depths."""
    folder = tmp_path / "images [1]"
    for name, light in (("b.png", 250), ("sub/deep/a.PNG", 5), ("sub/c.png", 240)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(np.full((8, 8, 3), light, np.uint8)))
    (folder / "bad.jpg").write_bytes(b"no image")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no image, nor called one", encoding="utf-8")
    (folder / "sub" / "again").symlink_to(folder)
    return folder


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def test_good_images_are_labelled_and_bad_ones_named_with_the_reason(
    model: Path, images: Path
) -> None:
    done = predict(model, images / "b.png", images / "bad.jpg", images / "none.png")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{images}/b.png: light (0.980)"
    assert lines[1].startswith(f"{images}/bad.jpg: not used: ")
    assert lines[2] == f"{images}/none.png: not used: cannot be read (No such file or directory)"
    assert isinstance(done.exception, InputError)
    assert "2 of 3 could not be used, such as" in str(done.exception)


def test_a_folder_is_walked_and_each_image_in_it_has_an_entry(model: Path, images: Path) -> None:
    done = predict(model, images, "--json")
    rows = json.loads(done.stdout)
    names = [Path(row["image"]).relative_to(images).as_posix() for row in rows]
    assert names == ["b.png", "bad.jpg", "empty.jpg", "sub/c.png", "sub/deep/a.PNG"]
    assert [row.get("label") for row in rows] == ["light", None, None, "light", "dark"]
    assert rows[2]["error"] == "is empty"
    assert all(("scores" in row) != ("error" in row) for row in rows)
    assert isinstance(done.exception, InputError)


def test_good_images_alone_end_with_0(model: Path, images: Path) -> None:
    done = predict(model, images / "sub" / "deep", images / "b.png")
    assert done.exit_code == 0, done.stdout
    assert len(done.stdout.splitlines()) == 2


def test_a_folder_without_images_has_an_entry_that_says_so(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = predict(model, tmp_path / "empty")
    assert done.stdout.strip() == f"{tmp_path}/empty: not used: no image is in this folder"
    assert isinstance(done.exception, InputError)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("none", "MODEL_DIR: .*none does not exist; give a version's folder, or a config"),
        (".", "MODEL_DIR: .* holds no saved_model.pb; give a version's folder, or a config"),
        ("birds", r"no model has been pushed to .*\.thaw/birds/serving yet; run thaw run .*birds"),
    ],
)
def test_a_target_that_holds_no_model_is_refused_with_the_reason(
    tmp_path: Path, target: str, message: str
) -> None:
    text = "data: {path: photos}\nbackbone: {handle: module}\n"
    (tmp_path / "birds").write_text(text, encoding="utf-8")
    done = predict(tmp_path / target, "x.png")
    assert done.exception is not None
    assert re.search(message, str(done.exception))


def test_predictions_from_python_are_those_of_the_command(model: Path, images: Path) -> None:
    done = predict(model, images, "--json")
    predictions = thaw.predict(model, images)
    assert [prediction.model_dump(mode="json") for prediction in predictions] == json.loads(
        done.stdout
    )
    (first,) = thaw.predict(str(model), [images / "b.png"])
    assert (first.label, first.error) == ("light", None)
    assert first.scores is not None
    assert first.scores["light"] == pytest.approx(250 / 255, abs=1e-4)
