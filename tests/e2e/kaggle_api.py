"""A server on loopback that answers ``kagglehub`` as Kaggle's API does, for one model."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = "mobilenet-v2"


@contextmanager
def kaggle_api(module: Path, token: str) -> Iterator[str]:
    """Serves a module's files under ``MODEL`` to who brings the token; nothing else is there.

    Args:
        module: a SavedModel's folder.
        token: repeated in the words of refusals, as careless servers do.

    Yields:
        The server's address.
    """
    files = {
        path.relative_to(module).as_posix(): path.read_bytes()
        for path in module.rglob("*")
        if path.is_file()
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["Authorization"] != f"Bearer {token}" or asked["modelSlug"] != MODEL:
                self._answer(json.dumps({"code": 404, "message": f"none for {token}"}).encode())
            elif "ListModelInstanceVersionFiles" in self.path:
                self._answer(json.dumps({"files": [{"name": name} for name in files]}).encode())
            else:
                self._answer(files[asked["path"]], "application/octet-stream")

        def _answer(self, body: bytes, kind: str = "application/json") -> None:
            self.send_response(404 if b'"code": 404' in body[:20] else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
