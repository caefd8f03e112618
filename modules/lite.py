"""TensorFlow Lite's form of an exported model, and how far it is from the model itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules import model_layout

Kind = Literal["float16", "int8"]
Pixels = npt.NDArray[np.uint8]
_BATCH = 32


@dataclass(frozen=True)
class Comparison:
    """An export beside the SavedModel on the same images.

    Attributes:
        images: how many.
        agreement: the share of them that both give the same label, in [0, 1].
        max_difference: the greatest difference between two scores of the same class and image.
    """

    images: int
    agreement: float
    max_difference: float


def convert(model: Path, kind: Kind, sample: Pixels) -> bytes:
    """A flat buffer that takes ``pixels``, uint8 [1, height, width, 3], and gives ``scores``.

    ``float16`` halves the weights. ``int8`` quantizes weights and, by the ranges that the sample
    shows, activations; an operation that has no integer form stays as it is
    (https://ai.google.dev/edge/litert/models/post_training_quantization).

    Args:
        model: a SavedModel that ``modules.export`` wrote.
        kind: of the export.
        sample: uint8 [n, height, width, 3], images as those that will come; for ``int8`` alone.
    """
    loaded = tf.saved_model.load(str(model))
    serve = loaded.signatures[model_layout.SERVE_PIXELS]
    shape = sample.shape[1:]

    # A batch of one, fixed: the converter has more operations for shapes that it knows.
    @tf.function(input_signature=[tf.TensorSpec((1, *shape), tf.uint8, name=model_layout.PIXELS)])
    def one(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {model_layout.SCORES: serve(pixels=pixels)[model_layout.SCORES]}

    converter = tf.lite.TFLiteConverter.from_concrete_functions([one.get_concrete_function()], one)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    else:
        converter.representative_dataset = lambda: _one_by_one(sample)
    return bytes(converter.convert())


def _one_by_one(sample: Pixels) -> Iterator[list[Pixels]]:
    for pixels in sample:
        yield [pixels[None]]


def scores(content: bytes, pixels: Pixels) -> npt.NDArray[np.float32]:
    """What an export gives, float32 [n, classes].

    Args:
        content: of the export.
        pixels: uint8 [n, height, width, 3].
    """
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for image in pixels:
        interpreter.set_tensor(taken["index"], image[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"])[0])
    return np.asarray(found, np.float32)


def compare(content: bytes, model: Path, pixels: Pixels) -> Comparison:
    """Holds an export against its model on at least one image, uint8 [n, height, width, 3]."""
    serve: Any = tf.saved_model.load(str(model)).signatures[model_layout.SERVE_PIXELS]
    whole = np.concatenate(
        [
            serve(pixels=tf.constant(pixels[i : i + _BATCH]))[model_layout.SCORES].numpy()
            for i in range(0, len(pixels), _BATCH)
        ]
    )
    exported = scores(content, pixels)
    same = exported.argmax(axis=1) == whole.argmax(axis=1)
    return Comparison(len(pixels), float(same.mean()), float(np.abs(exported - whole).max()))
