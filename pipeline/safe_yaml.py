"""Reads YAML that a stranger may have written: values alone, and no more of them than a config has.

PyYAML's safe loader makes no objects, but an alias costs nothing there, while each that names two
of the one before doubles what is checked, merged and shown.
"""

from typing import Any

import yaml

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000  # with what aliases stand for; the configs that ship have about 100
MAX_DEPTH = 50


def parse(text: str) -> Any:
    """What a YAML document holds: dicts, lists, texts, numbers, dates.

    Raises:
        ValueError: when it is no YAML, names other types, or has more than ``MAX_BYTES``, values
            than ``MAX_VALUES``, or levels than ``MAX_DEPTH``; the reason is one line.
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
    total, open_ones = 0, list[tuple[str | None, int]]()  # an anchor, and the count before it
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_ones):
                raise ValueError(f"*{event.anchor} stands within what it names")
            total += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_ones.pop()
            if anchor:
                sizes[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        if total > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_VALUES:,} values, aliases followed")
        if len(open_ones) > MAX_DEPTH:
            raise ValueError(f"it has more than {MAX_DEPTH} levels")
