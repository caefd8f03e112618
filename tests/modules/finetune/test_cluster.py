"""Workers that cannot train together are refused before any of them starts."""

import json
import socket
from typing import Any

import pytest

from modules.errors import InputError
from modules.finetune import cluster
from modules.settings import Finetune, check_cluster
from tests.modules.bench import stage
from tests.modules.finetune.workers import free_addresses

WORKERS = {"worker": ["a:1", "b:2"]}


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ("", "has no TF_CONFIG"),
        ("{", "cannot be used.*JSONDecodeError"),
        ("[]", "cannot be used"),
        ({"cluster": WORKERS}, "cannot be used.*'task'"),
        ({"cluster": WORKERS, "task": {"type": "chief", "index": 0}}, "cannot be used.*'chief'"),
        ({"cluster": WORKERS, "task": {"type": "worker", "index": 2}}, "no worker of index 2"),
        ({"cluster": WORKERS, "task": {"type": "worker", "index": "x"}}, "cannot be used"),
        (
            {"cluster": {**WORKERS, "ps": ["c:3"]}, "task": {"type": "worker", "index": 0}},
            "names ps",
        ),
        ({"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}, "not host:port"),
        ({"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}, "not host:port"),
        ({"cluster": {"worker": ["a:1"] * 2}, "task": {"type": "worker", "index": 0}}, "twice"),
    ],
)
def test_an_invalid_cluster_is_refused_with_the_remedy(config: Any, wrong: str) -> None:
    text = config if isinstance(config, str) else json.dumps(config)
    with pytest.raises(InputError, match=rf"finetune\.distribution: .*{wrong}.*; set ") as error:
        check_cluster("multi_worker", {"TF_CONFIG": text} if text else {})
    assert "\n" not in str(error.value)
    check_cluster("mirrored", {})


def test_a_good_cluster_is_accepted() -> None:
    for task in ({"type": "worker", "index": 1}, {"type": "chief", "index": "0"}):
        config = {"cluster": {**WORKERS, "chief": ["[::1]:3"]}, "task": task}
        check_cluster("multi_worker", {"TF_CONFIG": json.dumps(config)})


def test_a_missing_worker_and_a_port_in_use_are_reported() -> None:
    own, other = free_addresses()
    with pytest.raises(InputError, match=rf"no worker has answered at {other} for 0\.3 seconds; "):
        cluster.wait_for_others(own, [other], 0.3)
    port = int(own.rpartition(":")[2])
    refused = pytest.raises(InputError, match=rf"cannot listen at {own}.*; end what uses the port")
    with socket.create_server(("127.0.0.1", port)), refused:
        cluster.wait_for_others(own, [other], 0.3)


def test_updating_batch_norm_is_refused_when_training_is_distributed() -> None:
    stages = (stage(batch_norm={"statistics": "update"}),)
    Finetune(stages=stages)
    with pytest.raises(ValueError, match=r"mirrored.*stages\[s\].*update.*; use statistics"):
        Finetune(stages=stages, distribution="mirrored")
    chosen = {"schedule": "auto", "batch_norm": {"statistics": "update"}}
    with pytest.raises(ValueError, match=r"multi_worker, but batch_norm has statistics: update"):
        Finetune.model_validate({**chosen, "distribution": "multi_worker"})
