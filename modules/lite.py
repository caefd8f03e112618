"""Converts an exported model to TensorFlow Lite, and compares the two."""

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
    """A comparison of an export with its SavedModel on the same images.

    Attributes:
        images: how many images were compared.
        agreement: the share of images with the same label from both, in [0, 1].
        max_difference: the largest difference between two scores of the same class and image.
    """

    images: int
    agreement: float
    max_difference: float


def convert(model: Path, kind: Kind, sample: Pixels) -> bytes:
    """Returns a flat buffer that maps ``pixels``, uint8 [1, height, width, 3], to ``scores``.

    ``float16`` halves the weights. ``int8`` quantizes the weights and, by their ranges on the
    sample, the activations; an operation without an integer form stays as it is
    (https://ai.google.dev/edge/litert/models/post_training_quantization).

    Args:
        model: a SavedModel that ``modules.export`` wrote.
        kind: the kind of the export.
        sample: uint8 [n, height, width, 3], representative images; only used for ``int8``.
    """
    loaded = tf.saved_model.load(str(model))
    serve = loaded.signatures[model_layout.SERVE_PIXELS]
    shape = sample.shape[1:]

    # The batch size is fixed at 1, since the converter supports more operations for known shapes.
    @tf.function(input_signature=[tf.TensorSpec((1, *shape), tf.uint8, name=model_layout.PIXELS)])
    def serve_single(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {model_layout.SCORES: serve(pixels=pixels)[model_layout.SCORES]}

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [serve_single.get_concrete_function()], serve_single
    )
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
    """Computes an export's scores, float32 [n, classes].

    Args:
        content: the export's flat buffer.
        pixels: uint8 [n, height, width, 3].
    """
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (model_input,), (model_output,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    rows = []
    for image in pixels:
        interpreter.set_tensor(model_input["index"], image[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(model_output["index"])[0])
    return np.asarray(rows, np.float32)


def compare(content: bytes, model: Path, pixels: Pixels) -> Comparison:
    """Compares an export with its model on at least one image, uint8 [n, height, width, 3]."""
    serve: Any = tf.saved_model.load(str(model)).signatures[model_layout.SERVE_PIXELS]
    served = np.concatenate(
        [
            serve(pixels=tf.constant(pixels[i : i + _BATCH]))[model_layout.SCORES].numpy()
            for i in range(0, len(pixels), _BATCH)
        ]
    )
    exported = scores(content, pixels)
    is_same = exported.argmax(axis=1) == served.argmax(axis=1)
    return Comparison(len(pixels), float(is_same.mean()), float(np.abs(exported - served).max()))
