"""A gRPC server over a ``Servable``, which this machine alone can reach."""

import contextlib
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from components.infra_check.servable import Servable

_WORKERS = 2
# TensorFlow Serving takes messages of any size, where gRPC's own default is 4 MB.
_ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict; the other calls answer ``UNIMPLEMENTED``."""

    def __init__(self, servable: Servable) -> None:
        self._servable = servable

    def Predict(  # noqa: N802 gRPC's name
        self, request: predict_pb2.PredictRequest, context: Any
    ) -> predict_pb2.PredictResponse:
        try:
            return self._servable.predict(request)
        except tf.errors.OpError as error:
            context.abort(_CODES[error.error_code], error.message)


# TensorFlow's codes are gRPC's numbers.
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@contextlib.contextmanager
def serve(servable: Servable) -> Iterator[int]:
    """Serves on a free port of the loopback address until the block ends.

    Yields:
        The port.
    """
    pool = futures.ThreadPoolExecutor(_WORKERS)
    server = grpc.server(pool, options=[*_ANY_SIZE, ("grpc.so_reuseport", 0)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Service(servable), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()
        pool.shutdown()


@contextlib.contextmanager
def stub_of(port: int) -> Iterator[prediction_service_pb2_grpc.PredictionServiceStub]:
    """A client's stub of the service on a port of this machine, past any proxy."""
    options = [*_ANY_SIZE, ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
