"""Rounds shares of images to as many digits as the number of images justifies.

An accuracy on n images is a count divided by n. The rounding error is at most a twentieth of an
image, so that no two counts look the same and no digit lacks a meaning: 0.825 of 40 images, 0.9943
of 176. Text for people has at most four digits.
"""

import math

_FOR_PEOPLE = 4


def digits(images: int) -> int:
    """Returns how many decimal places a share of so many images justifies; at least 2."""
    return max(2, 1 + math.ceil(math.log10(max(images, 1))))


def share(value: float, images: int) -> str:
    """Formats an accuracy, or another mean over images, for people."""
    return f"{value:.{min(_FOR_PEOPLE, digits(images))}f}"


def change(value: float, images: int) -> str:
    """Formats a difference of two shares of the same images, with its sign."""
    return f"{value:+.{min(_FOR_PEOPLE, digits(images))}f}"


def rounded(value: float, images: int) -> float:
    """Rounds a share, or a difference of two shares, for JSON."""
    return round(value, digits(images))


def significant(value: float, count: int = 3) -> float:
    """Rounds any number to ``count`` significant digits, for JSON."""
    return float(f"{value:.{count}g}")
