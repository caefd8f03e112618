"""Requests that TensorFlow Serving sends a model when it has loaded it.

TensorFlow makes parts of a model at its first request, which then takes many times as long as the
next; https://www.tensorflow.org/tfx/serving/saved_model_warmup says how a model brings requests of
its own, that are answered before it serves anyone's.
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
    """The smallest four of the first images, fewer where they would weigh more than 1 MB.

    Args:
        encoded: bytes of image files; 64 of them are read.

    Returns:
        At least one, where there is one.
    """
    smallest = sorted(itertools.islice(encoded, _SEEN), key=len)[:_COUNT]
    weights = itertools.accumulate(len(image) for image in smallest)
    return [
        image
        for place, (image, weight) in enumerate(zip(smallest, weights, strict=True))
        if place == 0 or weight <= _MAX_BYTES
    ]


def request_of(images: Sequence[bytes]) -> predict_pb2.PredictRequest:
    """A request of the serving signature, of one batch.

    The model's name stays empty. A server finds the model of a client's request by it; a warm-up
    request it hands to the model at hand, and only notes the name.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = model_layout.SERVE_IMAGES
    batch = tf.make_tensor_proto(list(images), tf.string, (len(images),))
    request.inputs[features.IMAGE_BYTES].CopyFrom(batch)
    return request


def write(images: Sequence[bytes], folder: Path) -> None:
    """Writes a request of the first image, and one of all where there are more.

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
    """The predict requests that a SavedModel brings, none where it brings no file.

    Raises:
        tf.errors.DataLossError: when the file is no TFRecord.
        google.protobuf.message.DecodeError: when a record is no ``PredictionLog``.
    """
    path = folder / model_layout.WARMUP_REQUESTS
    if not path.is_file():
        return
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
