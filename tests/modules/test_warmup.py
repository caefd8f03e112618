"""The requests that a model brings to be warmed up with."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from modules import features, warmup


def test_the_file_holds_what_tensorflow_serving_reads(tmp_path: Path) -> None:
    warmup.write([b"one", b"two", b"three"], tmp_path)
    path = tmp_path / "assets.extra" / "tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    assert [log.WhichOneof("log_type") for log in logs] == ["predict_log", "predict_log"]
    requests = [log.predict_log.request for log in logs]
    assert {request.model_spec.signature_name for request in requests} == {"serving_default"}
    batches = [tf.make_ndarray(one.inputs[features.IMAGE_BYTES]).tolist() for one in requests]
    assert batches == [[b"one"], [b"one", b"two", b"three"]]


def test_requests_are_read_as_they_were_written(tmp_path: Path) -> None:
    warmup.write([b"one", b"two"], tmp_path)
    expected = [warmup.request_of([b"one"]), warmup.request_of([b"one", b"two"])]
    assert list(warmup.read(tmp_path)) == expected


def test_a_single_image_is_sent_once_and_none_leaves_no_file(tmp_path: Path) -> None:
    warmup.write([b"one"], tmp_path)
    assert list(warmup.read(tmp_path)) == [warmup.request_of([b"one"])]
    warmup.write([], tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert list(warmup.read(tmp_path / "none")) == []


def test_the_smallest_of_the_first_images_are_chosen() -> None:
    taken: list[int] = []

    def images() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"x" * (1000 - number)

    chosen = warmup.choose(images())
    assert [len(image) for image in chosen] == [937, 938, 939, 940]
    assert len(taken) == 64


def test_of_large_images_there_are_few_but_at_least_one() -> None:
    large = [bytes(600 << 10)] * 3
    assert warmup.choose(large) == large[:1]
    assert warmup.choose([bytes(3 << 20)]) == [bytes(3 << 20)]
    assert warmup.choose([]) == []
