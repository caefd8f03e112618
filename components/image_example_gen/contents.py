"""The contents of images that the driver has read, for the executor in the same process.

The driver reads each new image for its digest. What it can hold in memory, the executor need not
read once more; in another process, or beyond the limit, it reads the files themselves.

``READ_BY_DRIVER`` is global, as TFX makes driver and executor apart and hands only properties from
one to the other. That is safe: a content is given only for the path and the state of the file that
it was read in, so one that another run has left is never taken for the file's; each is given once;
a lock guards it, as Beam's workers are threads; and both sides clear it, so it holds no more than
the images of one node, and ``LIMIT`` bytes.
"""

import threading

LIMIT = 256 << 20  # bytes; 3,500 photos of 72 KB


class Contents:
    """Contents by path.

    Args:
        limit: how many bytes are held at most; contents beyond it are not kept.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._held: dict[str, tuple[bytes, object]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, path: str, content: bytes, state: object) -> None:
        """Keeps a content if there is room for it.

        Args:
            path: of the file.
            content: all of it.
            state: of the file when it was read; another state stands for another content.
        """
        with self._lock:
            if path not in self._held and self._bytes + len(content) <= self.limit:
                self._held[path] = content, state
                self._bytes += len(content)

    def take(self, path: str, state: object) -> bytes | None:
        """Gives a content once; None where it was not kept, or the file is in another state."""
        with self._lock:
            content, kept_state = self._held.pop(path, (None, None))
            self._bytes -= len(content or b"")
        return content if kept_state == state else None

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._held.clear()
            self._bytes = 0


READ_BY_DRIVER = Contents()  # See above for why it is global.
