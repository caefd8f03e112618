"""The record of its backbone in an exported model, for a run that starts from that model."""

import posixpath
from pathlib import Path

import tensorflow as tf
from pydantic import ValidationError

from modules import model_layout
from modules.errors import InputError
from modules.settings import Options, Patterns, PositiveInt
from modules.text import without_secrets

_MOST_BYTES = 1 << 20


class Origin(Options):
    """How the backbone in an export was used.

    Attributes:
        handle: the module that the training started from, without possible secrets.
        height, width: the size of the images that it was trained on, in pixels.
        input_range: the values of black and white.
        blocks: the patterns that named its blocks.
    """

    handle: str
    height: PositiveInt
    width: PositiveInt
    input_range: tuple[float, float]
    blocks: Patterns | None = None


def write(origin: Origin, folder: Path) -> None:
    """Writes the record into the folder of an exported model."""
    path = folder / model_layout.BACKBONE
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = origin.model_copy(update={"handle": without_secrets(origin.handle)})
    path.write_text(kept.model_dump_json(indent=1), encoding="utf-8")


def read(handle: str, folder: str) -> Origin | None:
    """Reads the record of a module; returns None for a module that Thaw did not export.

    Args:
        handle: the module's handle, for messages.
        folder: the module's folder, a path or an address that TensorFlow knows.

    Raises:
        InputError: when the file is not as Thaw writes it.
    """
    path = posixpath.join(folder, model_layout.BACKBONE)
    if not tf.io.gfile.exists(path):
        return None
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return Origin.model_validate_json(file.read(_MOST_BYTES))
    except ValidationError:
        raise InputError(
            f"backbone.handle: {model_layout.BACKBONE} of {handle} is not as Thaw writes it; "
            "remove the file from a copy of the module, and give that"
        ) from None
