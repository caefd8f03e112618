"""Labels that look alike but differ."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable


def plain(label: str) -> str:
    """What labels that look the same have in common: no case, single spaces, one form.

    Compatible forms are one, as "ﬁ" and "fi": Unicode Standard Annex 15.
    """
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def alike(labels: Iterable[str]) -> list[list[str]]:
    """Groups of two or more labels that look the same."""
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        groups[plain(label)].append(label)
    return [group for group in groups.values() if len(group) > 1]
