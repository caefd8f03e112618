"""The two ways to a served model, and who can take them."""

import base64
import json
import re
import socket
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from components.infra_check import rest
from components.infra_check.client import Refused, served
from components.infra_check.grpc_server import serve, stub_of
from components.infra_check.servable import Servable
from modules import features, model_layout, warmup
from tests.components.infra_check import small_servables as small


@pytest.fixture(scope="module")
def servable(tmp_path_factory: pytest.TempPathFactory) -> Servable:
    return Servable(small.save(tmp_path_factory.mktemp("served") / "model"))


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def test_grpc_and_both_rest_forms_give_the_scores_of_the_bytes(servable: Servable) -> None:
    images = small.images()
    wanted = np.stack([small.expected(image) for image in images])
    with served(servable) as client:
        answers = [
            client.by_grpc(images),
            client.by_rest(images),
            client.by_rest(images, named=True),
        ]
    for answer in answers:
        np.testing.assert_allclose(answer.scores, wanted, atol=1e-6)
        assert answer.labels == tuple(small.LABELS[i] for i in wanted.argmax(axis=1))
    np.testing.assert_array_equal(answers[0].scores, answers[1].scores)


def test_an_empty_batch_is_answered_by_grpc_and_refused_by_rest(servable: Servable) -> None:
    with served(servable) as client:
        answer = client.by_grpc([])
        with pytest.raises(Refused, match=r"^400: .*at least one"):
            client.by_rest([])
    assert answer.scores.shape == (0, 3)
    assert answer.labels == ()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "JSON Parse error"),
        (b"[]", "must be an object"),
        (b'{"inputs": []}', "'instances' must be a list"),
        (b'{"instances": []}', "at least one value"),
        (b'{"instances": ["x"], "signature_name": 3}', "signature_name a string"),
        (b'{"instances": ["x"], "signature_name": "none"}', '"none" not found'),
        (b'{"instances": [3]}', "a int is neither a string nor"),
        (b'{"instances": [{"b64": "%"}]}', "Unable to base64 decode"),
        (b'{"instances": [{"b64": "YQ=="}, {"image_bytes": "a"}]}', "element 1 .* of the form"),
        (b'{"instances": [{"picture": "a"}]}', "keys of element 0 .* must be"),
        (b'{"instances": [{"image_bytes": ["a"]}]}', "a list is neither a string nor"),
        (b'{"instances": ["no image"]}', ""),  # the model's own words
    ],
)
def test_a_broken_rest_request_is_a_400_and_the_next_good_one_is_answered(
    servable: Servable, body: bytes, error: str
) -> None:
    status, answered = rest.answer(servable, body)
    assert status == 400
    assert re.search(error, json.loads(answered)["error"])
    good = json.dumps({"instances": [b64(small.images()[0])]}).encode()
    status, answered = rest.answer(servable, good)
    assert status == 200
    assert set(json.loads(answered)["predictions"][0]) == {model_layout.SCORES, features.LABEL}


def test_a_single_output_goes_without_its_name_and_binary_ones_as_base64(tmp_path: Path) -> None:
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="a_bytes")])
    def echo(a_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"same_bytes": a_bytes}

    module.echo = echo
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": echo})
    status, body = rest.answer(
        Servable(str(tmp_path)), json.dumps({"instances": [b64(b"\xff")]}).encode()
    )
    assert (status, json.loads(body)) == (200, {"predictions": [b64(b"\xff")]})


def code_of(stub: Any, request: predict_pb2.PredictRequest) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request)
    return str(caught.value.code().name)


def test_grpc_refuses_with_tensorflow_servings_codes_and_goes_on(servable: Servable) -> None:
    def changed(**spec: str) -> predict_pb2.PredictRequest:
        request = warmup.request_of(small.images()[:1])
        request.model_spec.signature_name = spec.get("signature", "")
        if name := spec.get("input"):
            request.inputs[name].CopyFrom(tf.make_tensor_proto(["x"]))
        return request

    numbers, matrix = changed(), changed()
    numbers.inputs[features.IMAGE_BYTES].CopyFrom(tf.make_tensor_proto([1.0]))
    matrix.inputs[features.IMAGE_BYTES].CopyFrom(tf.make_tensor_proto([["x"]]))
    filtered = changed()
    filtered.output_filter.append(features.LABEL)
    unknown = changed()
    unknown.output_filter.append("none")
    with serve(servable) as port, stub_of(port) as stub:
        assert code_of(stub, changed(signature="none")) == "FAILED_PRECONDITION"
        for wrong in (changed(input="more"), numbers, matrix, unknown):
            assert code_of(stub, wrong) == "INVALID_ARGUMENT"
        assert code_of(stub, warmup.request_of([b"no image"])) == "INVALID_ARGUMENT"
        assert list(stub.Predict(filtered).outputs) == [features.LABEL]
        assert set(stub.Predict(changed()).outputs) == {model_layout.SCORES, features.LABEL}


def test_a_message_of_more_than_grpcs_own_four_megabytes_arrives(servable: Servable) -> None:
    with served(servable) as client, pytest.raises(Refused, match=r"^INVALID_ARGUMENT"):
        client.by_grpc([b"x" * (5 << 20)])


def test_the_server_is_bound_to_one_loopback_address_and_gone_afterwards(
    servable: Servable,
) -> None:
    with serve(servable) as port:
        socket.create_connection(("127.0.0.1", port), 5).close()
        # Whoever listens at all addresses of the machine listens at this one.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), 5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_the_server_is_gone_after_an_error_too(servable: Servable) -> None:
    with pytest.raises(ZeroDivisionError), serve(servable) as port:
        print(1 / 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_proxy_of_the_environment_is_not_asked(
    servable: Servable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with served(servable) as client:
        assert client.by_grpc(small.images()[:1]).scores.shape == (1, 3)
