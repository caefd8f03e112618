"""Which images are sent to the candidate."""

import hashlib
from collections.abc import Iterable, Mapping

from components.infra_check.job import Sample, Scores

COUNT = 16  # images, at most
_MAX_BYTES = 64 << 20  # of all of them, so that a batch of photos stays a few seconds' work


def choose(encoded: Iterable[bytes], known: Mapping[str, Scores]) -> list[Sample]:
    """The images whose scores are known, and the first others where these are too few.

    Args:
        encoded: bytes of image files; read until enough of them are found.
        known: by sha256, hexadecimal, of an image's bytes what the Evaluator saw.

    Returns:
        At most sixteen, and together at most 64 MB unless it is a single one; those with scores
        come first. Empty only where there is no image.
    """
    found: list[Sample] = []
    others: list[Sample] = []
    wanted = min(COUNT, len(known))
    for image in encoded:
        scores = known.get(hashlib.sha256(image).hexdigest())
        if scores is not None:
            found.append(Sample(image, scores))
        elif len(others) < COUNT:
            others.append(Sample(image))
        if len(found) >= wanted and len(found) + len(others) >= COUNT:
            break
    return _within([*found, *others][:COUNT])


def _within(samples: list[Sample]) -> list[Sample]:
    """The first of them, and those after it that weigh little enough."""
    kept, weight = samples[:1], len(samples[0].image) if samples else 0
    for sample in samples[1:]:
        if weight + len(sample.image) <= _MAX_BYTES:
            kept.append(sample)
            weight += len(sample.image)
    return kept
