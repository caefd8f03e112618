"""A web server on loopback that gives modules in Hub's compressed form."""

import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Server(NamedTuple):
    """Its address, such as ``http://127.0.0.1:8000``, and the paths that it was asked for."""

    address: str
    asked: list[str]


@contextmanager
def serving(module: Path, name: str) -> Iterator[str]:
    """Serves one module for as long as the block lasts.

    Args:
        module: a SavedModel's folder.
        name: its path on the server.

    Yields:
        The server's address.
    """
    with answering({f"/{name}": packed(module)}) as server:
        yield server.address


def packed(module: Path) -> bytes:
    """A folder as a ``.tar.gz``."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(module, arcname=".")
    return archive.getvalue()


@contextmanager
def answering(answers: Mapping[str, bytes | str]) -> Iterator[Server]:
    """Answers as told for as long as the block lasts.

    Args:
        answers: by path: bytes to give where Hub asks for its compressed form, or an address to
            lead on to.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            asked.append(path)
            answer = answers.get(path) if query else None
            status = 404 if answer is None else 302 if isinstance(answer, str) else 200
            self.send_response(status)
            if isinstance(answer, str):
                self.send_header("Location", answer)
            self.end_headers()
            if isinstance(answer, bytes):
                self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
