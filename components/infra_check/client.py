"""Asks a served model for the scores of images, by gRPC and in the REST form."""

import base64
import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import tensorflow as tf

from components.infra_check import rest
from components.infra_check.grpc_server import serve, stub_of
from components.infra_check.job import Scores
from components.infra_check.servable import Servable
from modules import features, model_layout
from modules.text import cause
from modules.warmup import request_of


@dataclass(frozen=True, eq=False)
class Answer:
    """A model's answer to a batch: ``scores``, [batch, classes], and a label for each image."""

    scores: Scores
    labels: tuple[str, ...]


class Refused(Exception):  # noqa: N818 for some checks it is the right answer
    """The server gave an error: its ``code``, by gRPC's name or HTTP's number, and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {cause(message)}")
        self.code = code


class Client:
    """Both ways to one model."""

    def __init__(self, stub: Any, servable: Servable) -> None:
        self._stub = stub
        self._servable = servable

    def by_grpc(self, images: Sequence[bytes]) -> Answer:
        """Sends one batch, which may be empty, through gRPC.

        Raises:
            Refused: when the server answers with an error.
            KeyError: when the answer lacks an output.
        """
        try:
            outputs = self._stub.Predict(request_of(images)).outputs
        except grpc.RpcError as error:
            raise Refused(error.code().name, error.details() or "") from None
        arrays = {key: tf.make_ndarray(outputs[key]) for key in _present(outputs)}
        labels = tuple(label.decode() for label in arrays[features.LABEL].tolist())
        return Answer(arrays[model_layout.SCORES], labels)

    def by_rest(self, images: Sequence[bytes], *, named: bool = False) -> Answer:
        """Sends one batch as the JSON of the REST API.

        Args:
            images: at least one.
            named: whether each row names the input.

        Raises:
            Refused: when the server answers with an error.
            KeyError: when the answer lacks an output.
        """
        values = [{"b64": base64.b64encode(image).decode()} for image in images]
        rows = [{features.IMAGE_BYTES: value} for value in values] if named else values
        status, body = rest.answer(self._servable, json.dumps({"instances": rows}).encode())
        answer = json.loads(body)
        if status != 200:
            raise Refused(str(status), str(answer["error"]))
        predictions = answer["predictions"]
        scores = np.array([row[model_layout.SCORES] for row in predictions], np.float32)
        return Answer(scores, tuple(row[features.LABEL] for row in predictions))


def _present(outputs: Any) -> list[str]:
    """The two outputs' names, checked: protobuf's maps create an entry that is asked for."""
    missing = {model_layout.SCORES, features.LABEL} - set(outputs)
    if missing:
        raise KeyError(f"there is no output {min(missing)!r}")
    return [model_layout.SCORES, features.LABEL]


@contextlib.contextmanager
def served(servable: Servable) -> Iterator[Client]:
    """Serves a model to this process alone while the block runs."""
    with serve(servable) as port, stub_of(port) as stub:
        yield Client(stub, servable)
