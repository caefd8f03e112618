"""``/healthz`` and ``/metrics``, by prometheus_client and the standard library's server."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.registry import Collector

from modules.errors import InputError

LOOPBACK = "127.0.0.1"
Application = Callable[[dict[str, Any], Callable[..., Any]], Sequence[bytes]]


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    Attributes:
        host: a name or an address.
        port: from 1 to 65535; 0 lets the system choose one.
    """

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def address_of(text: str) -> Address:
    """Reads ``HOST:PORT``, ``[IPV6]:PORT``, or ``PORT`` alone, which is loopback's.

    Raises:
        InputError: for other text.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    is_port = port.isascii() and port.isdecimal() and int(port) < 1 << 16
    if not is_port or (colon and not host) or (":" in host and not is_bracketed):
        raise InputError(
            f"--http: got {text!r}, must be HOST:PORT with a port up to 65535; write it like "
            f"{LOOPBACK}:9108, or [::1]:9108"
        )
    return Address(host.strip("[]") or LOOPBACK, int(port))


def application(collector: Collector, health: Callable[[], tuple[bool, str]]) -> Application:
    """The WSGI application with both pages.

    Args:
        collector: gives the metrics.
        health: whether all is well, and a line that says why.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)
    metrics = make_wsgi_app(registry, disable_compression=True)

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Sequence[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            pages: Sequence[bytes] = metrics(environ, start_response)
            return pages
        if path != "/healthz":
            status, text = "404 Not Found", "there are /healthz and /metrics"
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status, text = "405 Method Not Allowed", "use GET"
        else:
            is_well, text = health()
            status = "200 OK" if is_well else "503 Service Unavailable"
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [f"{text}\n".encode()]

    return respond


@contextmanager
def serving(address: Address, app: Application) -> Iterator[Address]:
    """Answers requests in threads until the end of the block; yields where.

    Raises:
        InputError: when nothing can listen at the address.
    """
    try:
        family, _, _, _, _ = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]

        class OfFamily(_Server):
            address_family = family

        server = make_server(address.host, address.port, app, OfFamily, _Handler)
    except OSError as error:  # socket.gaierror is one.
        raise InputError(
            f"--http: nothing can listen at {address} ({error.strerror}); name another address or "
            f"port, such as {LOOPBACK}:9108"
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield Address(address.host, server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a client that has gone away is no error of the service."""


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds, for a client that says nothing

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: monitoring asks all the time."""
