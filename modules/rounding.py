"""Shares of images, with as many digits as the number of images supports.

An accuracy of n images is a count divided by n. The digits round it by at most a twentieth of an
image, so that no two counts look the same and nothing is shown that was not measured: 0.825 of 40
images, 0.9943 of 176. People are shown four at most.
"""

import math

_FOR_PEOPLE = 4


def digits(images: int) -> int:
    """How many decimal places a share of this many images supports; at least 2."""
    return max(2, 1 + math.ceil(math.log10(max(images, 1))))


def share(value: float, images: int) -> str:
    """An accuracy, or another mean over images, for people."""
    return f"{value:.{min(_FOR_PEOPLE, digits(images))}f}"


def change(value: float, images: int) -> str:
    """A difference of two shares of the same images, with its sign."""
    return f"{value:+.{min(_FOR_PEOPLE, digits(images))}f}"


def rounded(value: float, images: int) -> float:
    """A share, or a difference of two, for JSON."""
    return round(value, digits(images))


def significant(value: float, count: int = 3) -> float:
    """Any number to so many significant digits, for JSON."""
    return float(f"{value:.{count}g}")
