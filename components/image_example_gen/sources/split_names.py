"""What people call the splits."""

import re

from modules import features

_NAMES = {
    features.TRAIN: ("train", "training"),
    features.VALIDATION: ("validation", "valid", "val", "dev", "eval"),
    features.TEST: ("test", "testing"),
}
KNOWN = {name: split for split, names in _NAMES.items() for name in names}


def split_named(name: str) -> str | None:
    """The split that a folder's name or a manifest's value means; None if it means none.

    TFX's own folders, ``Split-train`` and the like, are known too.
    """
    return KNOWN.get(name.strip().casefold().removeprefix("split-"))


def split_within(name: str) -> str | None:
    """The split that is part of a shard's name, such as ``photos-train.tfrecord-0-of-5``."""
    parts = re.split(r"[-_.]", name.casefold())
    return next((KNOWN[part] for part in parts if part in KNOWN), None)
