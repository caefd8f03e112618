"""``thaw predict``: labels images with an exported model, as its server would."""

import mimetypes
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.image_example_gen.passed_over import is_of_system
from components.records.base import SparseRecord
from components.serving import versions
from modules import model_layout
from modules.errors import InputError
from modules.text import printable_lines
from pipeline.configuration import loading, places


class Prediction(SparseRecord):
    """What the model says of an image; in JSON, what is None is left out."""

    image: str
    """The image's path."""
    label: str | None = None
    """The label of the highest score; None where the image cannot be used."""
    scores: dict[str, float] | None = None
    """The scores by label; None likewise."""
    error: str | None = None
    """Why the image cannot be used; None where it can."""


def find_model(target: str, overrides: Sequence[str] = (), root: Path | None = None) -> Path:
    """Returns the folder of a model.

    Args:
        target: a config, which stands for its latest pushed version, or a SavedModel's folder.
        overrides: as for ``loading.load``; only for a config.
        root: likewise.

    Raises:
        InputError: when there is no model.
    """
    if not loading.is_config(target):
        model = Path(target)
        if not model_layout.is_saved_model(model):
            problem = f"holds no {model_layout.SAVED_MODEL}" if model.exists() else "does not exist"
            raise InputError(f"MODEL_DIR: {target} {problem}; give a version's folder, or a config")
        if not model_layout.has_labels(model):
            raise InputError(
                f"MODEL_DIR: {model} is no model that Thaw exported; give a version's folder"
            )
        places.check_no_pattern("MODEL_DIR", model.absolute())
        return model
    config = loading.load(Path(target), overrides, root)
    numbers = versions.list_versions(config.serving_dir)
    if not numbers:
        raise InputError(
            f"no model has been pushed to {config.serving_dir} yet; run thaw run {target} first"
        )
    return config.serving_dir / str(numbers[-1])


def images_in(paths: Sequence[Path]) -> list[Path]:
    """Returns the files and, in place of each folder, the images in and below it, sorted.

    In a folder, a file is an image by the ending of its name; the files of other programs are
    skipped. A folder without images is returned itself, and ``predict`` reports it.
    """
    files: list[Path] = []
    for path in paths:
        files += (sorted(_walk(path)) or [path]) if path.is_dir() else [path]
    return files


def _walk(folder: Path) -> Iterator[Path]:
    above: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [] if real in above else [n for n in folders if not is_of_system(n)]
        names = [] if real in above else names
        above.add(real)
        for name in names:
            kind = mimetypes.guess_type(name)[0] or ""
            if kind.startswith("image/") and not is_of_system(name):
                yield Path(place, name)


def predict(model: Path, images: Sequence[Path]) -> list[Prediction]:
    """Labels and scores images through the signature that a server uses.

    Args:
        model: a SavedModel's folder, of a model that Thaw exported.
        images: files, as ``images_in`` gives them.

    Returns:
        A prediction for each image, in their order.
    """
    import tensorflow as tf

    from modules import features

    loaded = tf.saved_model.load(str(model))
    serve = loaded.signatures[model_layout.SERVE_IMAGES]
    labels = model_layout.read_labels(model)

    def prediction(path: Path) -> Prediction:
        if path.is_dir():
            return Prediction(image=str(path), error="no image is in this folder")
        try:
            content = path.read_bytes()
            answer = serve(image_bytes=tf.constant([content]))
        except OSError as error:
            return Prediction(image=str(path), error=f"cannot be read ({error.strerror})")
        except tf.errors.InvalidArgumentError:
            return Prediction(image=str(path), error=_why(content))
        scores = answer[model_layout.SCORES].numpy()[0]
        return Prediction(
            image=str(path),
            label=answer[features.LABEL].numpy()[0].decode(),
            scores={label: float(s) for label, s in zip(labels, scores, strict=True)},
        )

    return [prediction(path) for path in images]


def _why(content: bytes) -> str:
    """Says why the model cannot decode the bytes, in ingestion's words."""
    from components.image_example_gen.check import BadImageError, examine

    if not content:
        return "is empty"
    try:
        examine(content)
    except BadImageError as error:
        return str(error)
    return "cannot be decoded by the model"


def problem_of(predictions: Sequence[Prediction]) -> str:
    """Returns the final message if images could not be used; empty if all could."""
    bad = [prediction for prediction in predictions if prediction.error]
    if not bad:
        return ""
    return (
        f"IMAGE: {len(bad)} of {len(predictions)} could not be used, such as {bad[0].image} "
        f"({bad[0].error}); give JPEG, PNG, GIF or BMP files"
    )


def as_text(predictions: Sequence[Prediction]) -> str:
    """Formats the predictions for people, a line for each image."""
    return printable_lines(map(_line, predictions))


def _line(prediction: Prediction) -> str:
    if prediction.label is None or prediction.scores is None:
        return f"{prediction.image}: not used: {prediction.error}"
    score = prediction.scores[prediction.label]
    return f"{prediction.image}: {prediction.label} ({score:.3f})"
