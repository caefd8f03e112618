"""TensorFlow Serving's REST form of a prediction, from a request's body to an answer's.

Its rules are those of https://www.tensorflow.org/tfx/serving/api_rest, for requests in row format
whose inputs are vectors of strings, such as an image model takes. There is no HTTP around it, which
would say nothing of the model.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from components.infra_check.servable import Servable

_BINARY = "_bytes"  # an output whose name ends so is binary
_STATUS = {
    tf.errors.CANCELLED: 499,  # "client closed request", as TensorFlow Serving has it
    tf.errors.INVALID_ARGUMENT: 400,
    tf.errors.FAILED_PRECONDITION: 400,
    tf.errors.OUT_OF_RANGE: 400,
    tf.errors.NOT_FOUND: 404,
    tf.errors.RESOURCE_EXHAUSTED: 429,
}


def answer(servable: Servable, body: bytes) -> tuple[int, bytes]:
    """Answers ``POST /v1/models/NAME:predict``.

    Args:
        servable: the model.
        body: JSON: ``{"instances": [...]}``, at least one, and ``signature_name`` where it is
            another than the default.

    Returns:
        The HTTP status and the body, JSON: ``{"predictions": [...]}``, or ``{"error": ...}``.
    """
    try:
        return 200, _body_of(servable.predict(_request_of(servable, body)))
    except tf.errors.OpError as error:
        return _STATUS.get(error.error_code, 500), json.dumps({"error": error.message}).encode()


def _request_of(servable: Servable, body: bytes) -> predict_pb2.PredictRequest:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise _refused(f"JSON Parse error: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("signature_name", ""), str):
        raise _refused("the body must be an object, and its signature_name a string")
    rows = fields.get("instances")
    if not isinstance(rows, list) or not rows:
        raise _refused("'instances' must be a list of at least one value")
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = fields.get("signature_name", "")
    for name, values in _columns(rows, list(servable.inputs(*_signature(fields)))).items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values, tf.string, (len(values),)))
    return request


def _signature(fields: Mapping[str, Any]) -> tuple[str, ...]:
    name = fields.get("signature_name")
    return (name,) if name else ()


def _columns(rows: list[Any], names: list[str]) -> dict[str, list[bytes]]:
    """By input, its value in each row: rows are all objects by input, or all bare values."""
    objects = _is_object(rows[0])
    if not objects and len(names) != 1:
        raise _refused("'instances' is a plain list, but there are several inputs")
    columns: dict[str, list[bytes]] = {name: [] for name in names}
    for place, row in enumerate(rows):
        if _is_object(row) != objects:
            raise _refused(f"element {place} of 'instances' is not of the form of the first one")
        named = row if objects else {names[0]: row}
        if set(named) != set(names):
            raise _refused(f"the keys of element {place} of 'instances' must be {names}")
        for name, value in named.items():
            columns[name].append(_bytes(value))
    return columns


def _is_object(value: object) -> bool:
    """Whether a value names inputs; ``{"b64": "..."}`` is a value itself."""
    return isinstance(value, dict) and not _is_base64(value)


def _is_base64(value: object) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if not _is_base64(value):
        raise _refused(f"a {type(value).__name__} is neither a string nor {{'b64': ...}}")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise _refused("Unable to base64 decode") from None


def _body_of(response: predict_pb2.PredictResponse) -> bytes:
    """With several outputs each row is an object; a single output goes without its name."""
    columns = {
        name: [_plain(value, name) for value in tf.make_ndarray(proto).tolist()]
        for name, proto in response.outputs.items()
    }
    names, rows = list(columns), zip(*columns.values(), strict=True)
    predictions = [dict(zip(names, row, strict=True)) if len(names) > 1 else row[0] for row in rows]
    return json.dumps({"predictions": predictions}, ensure_ascii=False).encode()


def _plain(value: Any, name: str) -> Any:
    """A value of an output as JSON has it; NaN stays ``NaN``, as TensorFlow Serving writes it."""
    if isinstance(value, list):
        return [_plain(item, name) for item in value]
    if not isinstance(value, bytes):
        return value
    if name.endswith(_BINARY):
        return {"b64": base64.b64encode(value).decode()}
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise tf.errors.InternalError(None, None, f"output {name} is not UTF-8") from None


def _refused(message: str) -> tf.errors.OpError:
    return tf.errors.InvalidArgumentError(None, None, message)
