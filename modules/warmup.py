"""Warm-up requests, which TensorFlow Serving sends a model after loading it.

TensorFlow builds parts of a model at its first request, which then takes many times as long as the
next. https://www.tensorflow.org/tfx/serving/saved_model_warmup says how a model includes requests
that it answers before it serves any client.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from modules import features, model_layout

MAX_RECORDS = 1000  # TensorFlow Serving refuses to load a model that brings more

_COUNT = 4  # images that a model brings
_SEEN = 64  # among which the smallest are chosen
_MAX_BYTES = 1 << 20  # of all of them, so that the file stays small beside the model


def choose(encoded: Iterable[bytes]) -> list[bytes]:
    """Chooses the smallest four of the first images; fewer if four would exceed 1 MB.

    Args:
        encoded: bytes of image files; 64 of them are read.

    Returns:
        At least one image, if there is any.
    """
    smallest = sorted(itertools.islice(encoded, _SEEN), key=len)[:_COUNT]
    weights = itertools.accumulate(len(image) for image in smallest)
    return [
        image
        for place, (image, weight) in enumerate(zip(smallest, weights, strict=True))
        if place == 0 or weight <= _MAX_BYTES
    ]


def request_of(images: Sequence[bytes]) -> predict_pb2.PredictRequest:
    """Returns a request to the serving signature, with one batch.

    The model's name stays empty: a server finds the model of a client's request by it, but sends a
    warm-up request to the model that it has just loaded.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = model_layout.SERVE_IMAGES
    batch = tf.make_tensor_proto(list(images), tf.string, (len(images),))
    request.inputs[features.IMAGE_BYTES].CopyFrom(batch)
    return request


def write(images: Sequence[bytes], folder: Path) -> None:
    """Writes a request with the first image and, if there are more, one with all images.

    Args:
        images: bytes of image files; they can be read in the model. Without any, nothing is
            written, and the model serves without being warm.
        folder: the SavedModel's.
    """
    batches = [images[:1], images] if len(images) > 1 else [images]
    if not images:
        return
    path = folder / model_layout.WARMUP_REQUESTS
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for batch in batches:
            log = prediction_log_pb2.PredictLog(request=request_of(batch))
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString())


def read(folder: Path) -> Iterator[predict_pb2.PredictRequest]:
    """Yields the predict requests in a SavedModel; none if it has no such file.

    Raises:
        tf.errors.DataLossError: when the file is no TFRecord.
        google.protobuf.message.DecodeError: when a record is no ``PredictionLog``.
    """
    path = folder / model_layout.WARMUP_REQUESTS
    if not path.is_file():
        return
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
