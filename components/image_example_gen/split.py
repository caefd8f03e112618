"""Which split an image belongs to: by its content alone, and so the same in every run."""

import hashlib
from collections.abc import Mapping

_SPAN = 1 << 64


def split_of(content: bytes, shares: Mapping[str, float]) -> str:
    """The split of an image.

    It depends on the bytes alone: an image keeps its split as others come and go and as it is
    renamed, and copies of it never stand on both sides.

    Args:
        content: the file's bytes.
        shares: each split's share; they add up to 1. Changing them moves images between splits.

    Returns:
        One of the keys of ``shares``.
    """
    point = int.from_bytes(hashlib.sha256(content).digest()[:8], "big") / _SPAN
    end = 0.0
    for name, share in shares.items():
        end += share
        if point < end:
            return name
    return next(reversed(list(shares)))
