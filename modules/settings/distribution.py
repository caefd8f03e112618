"""How training is distributed, and what ``multi_worker`` needs of the environment."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from modules.errors import InputError

Distribution = Literal["none", "mirrored", "multi_worker"]

_REMEDY = (
    'set TF_CONFIG to {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", '
    '"index": 0}}, with an index of its own for each process, or use none or mirrored'
)


def check_cluster(distribution: Distribution, environment: Mapping[str, str]) -> None:
    """Refuses ``multi_worker`` where ``TF_CONFIG`` does not say who the workers are.

    Args:
        distribution: as configured.
        environment: the process's.

    Raises:
        InputError: which says what is wrong with the variable.
    """
    if distribution != "multi_worker":
        return
    problem = _problem_of(environment.get("TF_CONFIG", ""))
    if problem:
        raise InputError(f"finetune.distribution: got multi_worker, but {problem}; {_REMEDY}")


def check_one_process(distribution: Distribution) -> None:
    """Refuses ``multi_worker`` for a run that is one process from the data to the served model.

    The workers must meet before TensorFlow computes anything, and such a run has loaded the
    backbone by then; and all but the chief would have no model to go on with.

    Raises:
        InputError: which says how to train in several processes.
    """
    if distribution == "multi_worker":
        raise InputError(
            "finetune.distribution: got multi_worker, but a whole run is one process; use none or "
            "mirrored, or have an orchestrator call modules.trainer.run_fn in a new process for "
            "each worker, with TF_CONFIG set"
        )


def _problem_of(text: str) -> str:
    """What is wrong with a ``TF_CONFIG``; empty if nothing is."""
    if not text:
        return "the environment has no TF_CONFIG"
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        members, index = cluster[task["type"]], int(task["index"])
    except (ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())
        return f"TF_CONFIG cannot be used ({type(error).__name__}: {reason})"
    if not set(cluster) <= {"chief", "worker"}:
        return f"TF_CONFIG names {', '.join(sorted(set(cluster) - {'chief', 'worker'}))}"
    addresses = [address for role in cluster.values() for address in _listed(role)]
    if not all(_listed(role) for role in cluster.values()) or not all(map(_is_address, addresses)):
        return "an address in TF_CONFIG is not host:port"
    if len(set(addresses)) < len(addresses):
        return "an address occurs twice in TF_CONFIG"
    if not 0 <= index < len(members):
        return f"TF_CONFIG has no {task['type']} of index {index}"
    return ""


def _listed(role: Any) -> list[Any]:
    return role if isinstance(role, list) else []


def _is_address(address: Any) -> bool:
    host, _, port = str(address).rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 1 << 16
