"""Waits for the other processes of a cluster, with a timeout that TensorFlow's own wait lacks."""

import contextlib
import socket
import time
from collections.abc import Sequence

from modules.errors import InputError
from modules.progress import report


def wait_for_others(own: str, others: Sequence[str], seconds: float) -> None:
    """Returns once every other process listens at its address; meanwhile this one listens too.

    Each process closes its port once the others have answered, and opens it again as TensorFlow's
    server. A slower process connects to either, or tries again.

    Args:
        own: this process's address, ``host:port``; it listens on all interfaces, like the server.
        others: the addresses of the other processes.
        seconds: how long to wait for all of them together.

    Raises:
        InputError: when the port is in use, or a process does not answer in time.
    """
    try:
        listening = socket.create_server(("", _split(own)[1]), backlog=len(others) + 1)
    except OSError as error:
        raise InputError(
            f"finetune.distribution: this process cannot listen at {own}, its address in TF_CONFIG "
            f"({error.strerror}); end what uses the port, or name another one to all workers"
        ) from None
    report(f"trainer waits for the workers at {', '.join(others)}", note="waits for workers")
    end = time.monotonic() + seconds
    with listening:
        for address in others:
            while not _answers(address):
                if time.monotonic() > end:
                    raise InputError(
                        f"finetune.distribution: no worker has answered at {address} for "
                        f"{seconds:g} seconds; start it, or correct TF_CONFIG here and there"
                    )
                time.sleep(0.2)


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(_split(address), timeout=5.0):
        return True
    return False


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
