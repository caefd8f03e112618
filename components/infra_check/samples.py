"""Chooses the images that are sent to the candidate."""

import hashlib
from collections.abc import Iterable, Mapping

from components.infra_check.job import Sample, Scores

COUNT = 16  # images, at most
_MAX_BYTES = 64 << 20  # of all of them, so that a batch of photos stays a few seconds' work


def choose(encoded: Iterable[bytes], known: Mapping[str, Scores]) -> list[Sample]:
    """The images whose scores are known, and the first others if these are too few.

    Args:
        encoded: bytes of image files; they are read until there are enough.
        known: the scores that the Evaluator saw, by the sha256 of the image's bytes, hexadecimal.

    Returns:
        At most sixteen, and together at most 64 MB unless it is a single image; those with scores
        come first. Empty only if there is no image.
    """
    scored: list[Sample] = []
    others: list[Sample] = []
    wanted = min(COUNT, len(known))
    for image in encoded:
        scores = known.get(hashlib.sha256(image).hexdigest())
        if scores is not None:
            scored.append(Sample(image, scores))
        elif len(others) < COUNT:
            others.append(Sample(image))
        if len(scored) >= wanted and len(scored) + len(others) >= COUNT:
            break
    return _within([*scored, *others][:COUNT])


def _within(samples: list[Sample]) -> list[Sample]:
    """The first of them, and those after it that weigh little enough."""
    kept, weight = samples[:1], len(samples[0].image) if samples else 0
    for sample in samples[1:]:
        if weight + len(sample.image) <= _MAX_BYTES:
            kept.append(sample)
            weight += len(sample.image)
    return kept
