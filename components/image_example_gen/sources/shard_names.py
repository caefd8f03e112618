"""What shards are called: the split that a name tells, and names that nearly tell one."""

import re
from collections.abc import Sequence

from components.image_example_gen.split_names import (
    split_decorated,
    split_named,
    split_nearly,
    split_within,
)
from modules.errors import InputError
from modules.text import counted


def split_of_shard(path: str) -> str | None:
    """The split that a shard's folder, or else a part of its name, means; None for none."""
    *above, name = path.split("/")
    return (split_named(above[-1]) if above else None) or split_within(name)


def check_names(paths: Sequence[str], where: str) -> None:
    """Passes where shards name their splits, or none of them does.

    Args:
        paths: of all shards.
        where: the config's key and what it names, for the message.

    Raises:
        InputError: when one without a split's name, beside others that have one, has nearly one:
            its images would be split by hash.
    """
    named = [path for path in paths if split_of_shard(path)]
    for path in paths:
        if split_of_shard(path):
            continue
        *above, name = path.split("/")
        near = (above and _nearly(above[-1], named)) or _within(name, named)
        if near:
            raise InputError(
                f"{where}: the shard {'/'.join([*above[-1:], name])} is named almost like the "
                f"split {near!r}"
                + (f" ({named[0].rpartition('/')[2]} names its split)" if named else "")
                + "; rename the shard, or leave it out with data.leave_out"
            )


def _nearly(name: str, named: Sequence[str]) -> str | None:
    """Beside shards with a split's name any likeness counts; else ``test1`` and the like."""
    return split_nearly(name) if named else split_decorated(name)


def _within(name: str, named: Sequence[str]) -> str | None:
    stem = name.casefold().partition(".tfrecord")[0]
    parts = [part for part in re.split(r"[-_.]", stem) if part]
    return next((near for part in parts if (near := _nearly(part, named))), None)


def described(paths: Sequence[str]) -> str:
    """How the shards are read, in words."""
    splits = sorted({split for path in paths if (split := split_of_shard(path))})
    open_ones = sum(split_of_shard(path) is None for path in paths)
    shards = counted(len(paths), "shard")
    if not splits:
        return shards
    rest = (
        f", {open_ones:,} of which {'names' if open_ones == 1 else 'name'} none"
        if open_ones
        else ""
    )
    return f"{shards} that name their split ({', '.join(splits)}){rest}"
