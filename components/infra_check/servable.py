"""A loaded SavedModel that answers as TensorFlow Serving's Predict does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from modules import model_layout, warmup


class Servable:
    """One SavedModel.

    Args:
        folder: the SavedModel's.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._loaded = tf.saved_model.load(folder)

    @property
    def signatures(self) -> Mapping[str, Any]:
        """The signatures by name."""
        signatures: Mapping[str, Any] = self._loaded.signatures
        return signatures

    def inputs(self, signature: str = model_layout.SERVE_IMAGES) -> dict[str, tf.TensorSpec]:
        """What a signature takes.

        Raises:
            tf.errors.FailedPreconditionError: when there is no such signature.
        """
        if signature not in self.signatures:
            raise tf.errors.FailedPreconditionError(
                None, None, f'Serving signature key "{signature}" not found.'
            )
        return dict(self.signatures[signature].structured_input_signature[1])

    def warm_up(self) -> int:
        """Answers the warm-up requests of the model; if one fails, a server would not serve it.

        Returns:
            How many requests there are.

        Raises:
            tf.errors.OpError: of the request that failed, or when they are too many.
            google.protobuf.message.DecodeError: when a record is no request.
        """
        count = 0
        for request in warmup.read(self._folder):
            count += 1
            if count > warmup.MAX_RECORDS:
                raise tf.errors.InvalidArgumentError(
                    None, None, f"more than {warmup.MAX_RECORDS} warm-up requests"
                )
            self.predict(request)
        return count

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Answers a request of one batch, or fails with the code that TensorFlow Serving gives.

        Raises:
            tf.errors.OpError: ``FAILED_PRECONDITION`` for a signature that the model lacks,
                ``INVALID_ARGUMENT`` for other inputs than the signature's, and what the model
                itself raises.
        """
        name = request.model_spec.signature_name or model_layout.SERVE_IMAGES
        specs = self.inputs(name)
        if set(request.inputs) != set(specs):
            raise tf.errors.InvalidArgumentError(
                None, None, f"inputs are {sorted(request.inputs)}, not {sorted(specs)}"
            )
        tensors = {key: _tensor(key, request.inputs[key], spec) for key, spec in specs.items()}
        result = self.signatures[name](**tensors)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.signature_name = name
        for key in request.output_filter or result:
            if key not in result:
                raise tf.errors.InvalidArgumentError(None, None, f"there is no output {key}")
            response.outputs[key].CopyFrom(tf.make_tensor_proto(result[key].numpy()))
        return response


def _tensor(key: str, proto: Any, spec: tf.TensorSpec) -> tf.Tensor:
    """A tensor of the request, if it is what the signature takes."""
    if proto.dtype != spec.dtype.as_datatype_enum:
        dtype = tf.dtypes.as_dtype(proto.dtype).name if proto.dtype else "no type"
        raise tf.errors.InvalidArgumentError(
            None, None, f"input {key} is of {dtype}, not of {spec.dtype.name}"
        )
    array: np.ndarray[Any, Any] = tf.make_ndarray(proto)
    if not spec.shape.is_compatible_with(array.shape):
        raise tf.errors.InvalidArgumentError(
            None, None, f"input {key} has the shape {list(array.shape)}, not {spec.shape}"
        )
    return tf.constant(array, spec.dtype, array.shape)
