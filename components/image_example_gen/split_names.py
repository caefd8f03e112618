"""What people call the splits, and what they nearly call them."""

import difflib
import re

from modules import features

_NAMES = {
    features.TRAIN: ("train", "training"),
    features.VALIDATION: ("validation", "valid", "val", "dev", "eval"),
    features.TEST: ("test", "testing"),
}
KNOWN = {name: split for split, names in _NAMES.items() for name in names}
# Words that make no other name of a split's: "test_set", "train images 2", "trainset".
_ADDED = (
    "dataset", "data", "set", "split", "folder", "images", "image", "imgs", "img", "photos",
    "pictures", "files", "new", "old", "copy", "final", "small", "full", "all", "labelled",
    "labeled", "unlabelled", "unlabeled",
)  # fmt: skip
_SHORTEST = min(map(len, KNOWN))
_LIKENESS = 0.75  # of "tset" and "test"; "vest" and "test" have it too


def split_named(name: str) -> str | None:
    """The split that a folder's name or a manifest's value means; None if it means none.

    TFX's own folders, ``Split-train`` and the like, are known too.
    """
    return KNOWN.get(name.strip().casefold().removeprefix("split-"))


def split_within(name: str) -> str | None:
    """The split that is part of a shard's name, such as ``photos-train.tfrecord-0-of-5``."""
    parts = re.split(r"[-_.]", name.casefold())
    return next((KNOWN[part] for part in parts if part in KNOWN), None)


def split_decorated(name: str) -> str | None:
    """The split of ``test1``, ``train_set``, ``validation images``; None for ``test tube``."""
    words = _words(name)
    named = [(word, KNOWN[bare]) for word in words if (bare := _without_added(word)) in KNOWN]
    rest = [word for word in words if word not in dict(named) and word not in _ADDED]
    return named[0][1] if named and not rest else None


def split_nearly(name: str) -> str | None:
    """The split that a name may have been meant for: ``tset``, ``trian``, ``test of may``.

    Many a word comes near, such as ``vest``; it tells something beside splits alone.
    """
    words = _words(name)
    for word in [*words, "".join(words)]:
        near = difflib.get_close_matches(_without_added(word), KNOWN, n=1, cutoff=_LIKENESS)
        if near:
            return KNOWN[near[0]]
    return None


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", name.casefold())


def _without_added(word: str) -> str:
    """``trainset`` as ``train``."""
    for added in _ADDED:
        if word.endswith(added) and len(word) - len(added) >= _SHORTEST:
            return word.removesuffix(added)
    return word
