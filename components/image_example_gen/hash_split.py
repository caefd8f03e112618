"""Which split an image belongs to: by its content or its group, and so the same in every run."""

import hashlib
from collections.abc import Mapping

_SPAN = 1 << 64


def point_of(digest: str, group: str = "") -> float:
    """Where an image stands in [0, 1): by its group, or by its content where it has none.

    Args:
        digest: sha256 of its bytes, hexadecimal.
        group: images of one group stand in one place.
    """
    if group:
        digest = hashlib.sha256(group.encode(errors="replace")).hexdigest()
    return int(digest[:16], 16) / _SPAN


def split_of(content: bytes, shares: Mapping[str, float], group: str = "", digest: str = "") -> str:
    """The split of an image.

    It depends on the bytes, or on the group, alone: an image keeps its split as others come and go
    and as it is renamed, and copies of it never stand on both sides.

    Args:
        content: the file's bytes.
        shares: each split's share; they add up to 1. Changing them moves images between splits.
        group: images of one group have one split.
        digest: sha256 of the bytes, hexadecimal, where it is known.

    Returns:
        One of the keys of ``shares``.
    """
    digest = digest or hashlib.sha256(content).hexdigest()
    return split_at(point_of(digest, group), shares)


def split_at(point: float, shares: Mapping[str, float]) -> str:
    """The split that a place in [0, 1) belongs to."""
    end = 0.0
    for name, share in shares.items():
        end += share
        if point < end:
            return name
    return next(reversed(list(shares)))
