"""Watches a serving folder as a server would, at every moment."""

import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import tensorflow as tf

from modules import model_layout

Sizes = frozenset[tuple[str, int]]


def sizes(version: Path) -> Sizes:
    """Every file of a version and its bytes."""
    return frozenset(
        (os.path.relpath(os.path.join(folder, name), version), os.stat(f"{folder}/{name}").st_size)
        for folder, _, names in os.walk(version)
        for name in names
    )


def numbers(serving: Path) -> list[int]:
    """The names that a server takes for versions."""
    return sorted(int(name) for name in os.listdir(serving) if name.isdigit())


class Watcher(threading.Thread):
    """Looks every few milliseconds; ``check`` says what it saw."""

    def __init__(self, serving: Path) -> None:
        super().__init__()
        self.serving = serving
        self.looks = 0
        self.least = len(numbers(serving))
        self.seen: dict[int, set[Sizes]] = defaultdict(set)
        self.problems: list[str] = []
        self._end = threading.Event()

    def run(self) -> None:
        """Until ``stop``."""
        while not self._end.wait(0.002):
            try:
                there = numbers(self.serving)
                for number in there:
                    self.seen[number].add(sizes(self.serving / str(number)))
                self.least = min(self.least, len(there))
                self.looks += 1
            except OSError as error:
                self.problems.append(str(error))

    def __enter__(self) -> "Watcher":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self.join()

    def check(self) -> None:
        """A version was there at every look, and each was the same, and whole, at every look."""
        assert self.least >= 1
        self.check_whole()

    def check_whole(self) -> None:
        """Each version was the same, and whole, at every look."""
        assert not self.problems
        assert self.looks > 100
        for number, looked in self.seen.items():
            assert looked == {sizes(self.serving / str(number))}, f"version {number} changed"


def answers(version: Path, image: bytes) -> Any:
    """The scores that a version, loaded anew, gives an image; float32 [classes]."""
    serve = tf.saved_model.load(str(version)).signatures[model_layout.SERVE_IMAGES]
    return serve(image_bytes=tf.constant([image]))["scores"].numpy()[0]
