"""A web server on loopback that gives modules in Hub's compressed form."""

import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def serving(module: Path, name: str) -> Iterator[str]:
    """Serves one module for as long as the block lasts.

    Args:
        module: a SavedModel's folder.
        name: its path on the server.

    Yields:
        The server's address, such as ``http://127.0.0.1:8000``.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(module, arcname=".")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = self.path.startswith(f"/{name}?")
            self.send_response(200 if good else 404)
            self.end_headers()
            if good:
                self.wfile.write(archive.getvalue())

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
