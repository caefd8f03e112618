"""One schedule in one process, on two devices, and in two processes: the same curves."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules.finetune import checkpoints, distribution
from modules.finetune.distribution import SingleDevice
from tests.conftest import PROJECT
from tests.modules.bench import Bench
from tests.modules.finetune.stages import HEAD, KINDS, STAGES
from tests.modules.finetune.workers import LIMIT, fit, free_addresses, read, two_workers


def check_alike(folder: Path, process: str, alone: Bench, expected: Sequence[Any]) -> Any:
    result = read(folder, process)["stages"]
    for stage, expected_stage in zip(result, expected, strict=True):
        for curve in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
            np.testing.assert_allclose(stage[curve], getattr(expected_stage, curve), rtol=1e-5)
        assert stage["best_epoch"] == expected_stage.best_epoch
        assert stage["stopped_by"] == expected_stage.stopped_by
        assert stage["shipped"] == expected_stage.shipped
        assert stage["cache"] == expected_stage.cache
    with np.load(folder / f"{process}.npz") as weights:
        for name, value in alone.weights().items():
            np.testing.assert_allclose(weights[name], value, rtol=0, atol=1e-4, err_msg=name)
    return result


@pytest.fixture(scope="module")
def alone() -> tuple[Bench, Sequence[Any]]:
    bench = Bench(HEAD)
    results = bench.fit(*STAGES)
    assert [result.cache for result in results] == KINDS
    assert [result.stopped_by for result in results] == ["epochs", "epochs", "early_stopping"]
    return bench, results


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("devices") / "found"
    fit("mirrored", folder)
    return folder


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes") / "found"
    fit("multi_worker", folder, clusters=two_workers())
    return folder


def test_two_devices_learn_as_one_does(
    alone: tuple[Bench, Sequence[Any]], two_devices: Path
) -> None:
    check_alike(two_devices, "chief", *alone)


@pytest.mark.slow
def test_two_processes_learn_as_one_does(
    alone: tuple[Bench, Sequence[Any]], two_processes: Path
) -> None:
    for process in ("chief", "other"):
        check_alike(two_processes, process, *alone)
    chief, other = (np.load(two_processes / f"{name}.npz") for name in ("chief", "other"))
    assert all(np.array_equal(chief[name], other[name]) for name in chief)


@pytest.mark.parametrize(
    ("shared_by", "process"),
    [
        ("two_devices", "chief"),
        pytest.param("two_processes", "chief", marks=pytest.mark.slow),
        pytest.param("two_processes", "other", marks=pytest.mark.slow),
    ],
)
def test_rows_of_several_tensors_are_distributed_whatever_their_number(
    shared_by: str, process: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(shared_by)
    for count, (total, mean) in read(folder, process)["sums"].items():
        products = 2.0 * np.arange(int(count)) * np.arange(1, int(count) + 1)
        assert total == pytest.approx(products.sum())
        assert mean == pytest.approx(products.mean())


class Killed(BaseException):
    """Stands in for a signal."""


@pytest.mark.slow
def test_two_processes_go_on_where_one_was_interrupted(
    alone: tuple[Bench, Sequence[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves = 0
    save = checkpoints.Checkpoint.save

    def count(self: checkpoints.Checkpoint, note: dict[str, Any]) -> None:
        nonlocal saves
        save(self, note)
        saves += 1
        if saves == 2 + 2 + 1:  # in and after two stages, and in the third
            raise Killed

    monkeypatch.setattr(checkpoints.Checkpoint, "save", count)
    with pytest.raises(Killed):
        Bench(HEAD, checkpoints=tmp_path / "kept").fit(*STAGES)
    fit("multi_worker", tmp_path / "found", tmp_path / "kept", clusters=two_workers())
    for process in ("chief", "other"):
        stages = check_alike(tmp_path / "found", process, *alone)
        assert [stage["resumed"] for stage in stages] == [True] * 3
    left = [path.name.partition("-")[0] for path in (tmp_path / "kept").iterdir()]
    assert left == ["after"] * 3


def test_on_a_single_device_a_batch_is_passed_as_a_whole() -> None:
    rows = tf.constant([1.0, 2.0])
    received: list[Any] = []

    def share(rows: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        received.append(rows)
        return [rows], []

    SingleDevice().reduce_rows(share, rows)
    assert received[0] is rows


def test_mirrored_on_one_device_is_a_single_device(monkeypatch: pytest.MonkeyPatch) -> None:
    (cpu,) = tf.config.list_logical_devices("CPU")
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [cpu])
    start = distribution.start.__wrapped__
    assert type(start("mirrored")) is type(start("none")) is SingleDevice


def test_a_process_that_has_used_tensorflow_before_is_refused() -> None:
    code = (
        "import modules, tensorflow as tf\n"
        "from modules.errors import InputError\n"
        "from modules.finetune import distribution\n"
        "tf.constant(1) + 1\n"
        "try:\n    distribution.start('multi_worker')\n"
        "except InputError as error:\n    print(error)\n"
    )
    config = {
        "cluster": {"worker": free_addresses()[:1]},
        "task": {"type": "worker", "index": 0},
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "TF_CONFIG": json.dumps(config)},
        timeout=LIMIT,
        check=True,
    )
    assert "could not start" in done.stdout
    assert "not used TensorFlow before" in done.stdout
