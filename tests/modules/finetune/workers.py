"""Processes that fit the bench on several devices or together, on this machine alone."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT

LIMIT = 240  # seconds


def free_addresses() -> list[str]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return [f"127.0.0.1:{server.getsockname()[1]}" for server in (one, two)]


def fit(distribution: str, folder: Path, *more: Path, clusters: Sequence[Any] = (None,)) -> None:
    """Runs a process for each ``TF_CONFIG`` to its end."""
    command = [sys.executable, "-m", "tests.modules.finetune.fit_alone_or_shared", distribution]
    folder.mkdir()
    logs = [folder / f"{number}.log" for number in range(len(clusters))]
    processes = [
        subprocess.Popen(
            [*command, str(folder), *map(str, more)],
            cwd=PROJECT,
            env={**os.environ, **({"TF_CONFIG": json.dumps(one)} if one else {})},
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        for one, log in zip(clusters, logs, strict=True)
    ]
    try:
        for process, log in zip(processes, logs, strict=True):
            assert process.wait(LIMIT) == 0, log.read_text(errors="replace")[-2000:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def two_workers() -> list[dict[str, Any]]:
    addresses = free_addresses()
    return [
        {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        for index in (0, 1)
    ]


def read(folder: Path, process: str) -> Any:
    return json.loads((folder / f"{process}.json").read_text(encoding="utf-8"))
