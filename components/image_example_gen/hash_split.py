"""Which split an image belongs to: by its content or its group, and so the same in every run."""

import hashlib
from collections.abc import Mapping

_SPAN = 1 << 64


def point_of(digest: str, group: str = "", salt: str = "") -> float:
    """The point in [0, 1) of an image: by its group, or by its content if it has none.

    Args:
        digest: sha256 of its bytes, hexadecimal.
        group: all images of a group have one point.
        salt: another one gives points that have nothing to do with the first ones.
    """
    if group:
        digest = _sha256(group)
    if salt:
        digest = _sha256(f"{salt}:{digest}")
    return int(digest[:16], 16) / _SPAN


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def split_of(content: bytes, shares: Mapping[str, float], group: str = "", digest: str = "") -> str:
    """The split of an image.

    It depends only on the bytes, or on the group. So an image keeps its split when others come and
    go and when it is renamed, and copies of it are never in two splits.

    Args:
        content: the file's bytes.
        shares: each split's share; they add up to 1. Changing them moves images between splits.
        group: all images of a group have one split.
        digest: sha256 of the bytes, hexadecimal, if it is known.

    Returns:
        One of the keys of ``shares``.
    """
    digest = digest or hashlib.sha256(content).hexdigest()
    return split_at(point_of(digest, group), shares)


def split_at(point: float, shares: Mapping[str, float]) -> str:
    """The split that a point in [0, 1) belongs to."""
    end = 0.0
    for name, share in shares.items():
        end += share
        if point < end:
            return name
    return next(reversed(list(shares)))
