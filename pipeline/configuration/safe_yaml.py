"""Reads YAML from an untrusted source: plain values, and no more of them than a config needs.

PyYAML's safe loader creates no objects of other types. But an alias costs nothing there, and in a
chain of anchors, each with two aliases of the anchor before it, every step doubles what must be
checked, merged and shown.
"""

from typing import Any

import yaml

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000  # counting what aliases refer to; the shipped configs have about 100
MAX_DEPTH = 50


def parse(text: str) -> Any:
    """The content of a YAML document: dicts, lists, texts, numbers, dates.

    Raises:
        ValueError: when the text is not YAML, names other types, or has more than ``MAX_BYTES``
            bytes, ``MAX_VALUES`` values or ``MAX_DEPTH`` levels; the reason is one line.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES >> 20} MiB")
    try:
        _check(text)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _check(text: str) -> None:
    """Counts the values, those of an anchor once more for each of its aliases."""
    sizes: dict[str, int] = {}
    total, open_collections = (
        0,
        list[tuple[str | None, int]](),
    )  # anchor, count before
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_collections):
                raise ValueError(f"*{event.anchor} is inside the collection that it refers to")
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_collections.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_collections.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        if total > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_VALUES:,} values, aliases followed")
        if len(open_collections) > MAX_DEPTH:
            raise ValueError(f"it has more than {MAX_DEPTH} levels")
