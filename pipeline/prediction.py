"""Labels images with an exported model, the way that a client of its server does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.pusher import versions
from modules.errors import InputError
from modules.text import printable_lines
from pipeline import loading


def find_model(target: str, overrides: Sequence[str] = (), root: Path | None = None) -> Path:
    """The folder of a model.

    Args:
        target: a config, whose latest pushed version is meant, or a SavedModel's folder.
        overrides: as for ``loading.load``; only for a config.
        root: likewise.

    Raises:
        InputError: when there is no model.
    """
    if not target.endswith((".yaml", ".yml")):
        if not (Path(target) / "saved_model.pb").is_file():
            raise InputError(
                f"MODEL_DIR: {target} holds no saved_model.pb; give a version's folder, or a config"
            )
        return Path(target)
    config = loading.load(Path(target), overrides, root)
    numbers = versions.list_versions(config.serving_dir)
    if not numbers:
        raise InputError(
            f"no model has been pushed to {config.serving_dir} yet; run thaw run {target} first"
        )
    return config.serving_dir / str(numbers[-1])


def predict(model: Path, images: Sequence[Path]) -> list[dict[str, Any]]:
    """Scores images through the signature that a server uses.

    Args:
        model: a SavedModel's folder.
        images: files.

    Returns:
        For each image ``image`` (its path), ``label`` and ``scores`` (label to score).

    Raises:
        InputError: when a file cannot be read or is no image.
    """
    contents = [_read(path) for path in images]
    if not (model / "assets.extra" / "labels.txt").is_file():
        raise InputError(
            f"MODEL_DIR: {model} is no model that Thaw exported; give a version's folder"
        )
    import tensorflow as tf

    from modules import export, features

    loaded = tf.saved_model.load(str(model))
    serve = loaded.signatures[features.SERVE_IMAGES]
    labels = export.read_labels(model)
    rows: list[dict[str, Any]] = []
    for path, content in zip(images, contents, strict=True):
        try:
            answer = serve(image_bytes=tf.constant([content]))
        except tf.errors.InvalidArgumentError:
            raise InputError(
                f"IMAGE: {path} is no image that can be decoded; give JPEG, PNG, GIF or BMP files"
            ) from None
        scores = answer[features.SCORES].numpy()[0]
        rows.append(
            {
                "image": str(path),
                "label": answer[features.LABEL].numpy()[0].decode(),
                "scores": {label: float(s) for label, s in zip(labels, scores, strict=True)},
            }
        )
    return rows


def as_text(found: Sequence[dict[str, Any]]) -> str:
    """The same for people, a line for each image."""
    return printable_lines(
        f"{row['image']}: {row['label']} ({row['scores'][row['label']]:.3f})" for row in found
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"IMAGE: could not read {path} ({error.strerror}); give the path of an image file"
        ) from None
