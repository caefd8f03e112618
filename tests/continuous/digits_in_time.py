"""Handwritten digits that come in spans, as data comes in over time.

    <folder>/span-<n>/<label>/<number>.png    the spans, 1 to 8
    <golden>/<label>/<number>.png             a fixed set, of the digits as they were at first

From span 3 on digits are turned and paler: each by its own share of a most that grows with the
spans. The digit 9 comes with span 5 and not before. The labels of span 6, the largest but one, are
permuted. Each of scikit-learn's digits is in one span, or in the golden set, or held out to judge
served models by; which of these, the seed says.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance
from sklearn.datasets import load_digits

SPANS = range(1, 9)
DRIFT_FROM = 3
NEW_CLASS, NEW_CLASS_FROM = "9", 5
PERMUTED = 6
HELD_OUT, GOLDEN = 20, 30  # images of each class
# Of a class's other images, the share of each span. Only a large span of wrong labels does harm: in
# a window of four with the others, this one has some 4 images of 10.
SHARES = dict(zip(SPANS, (0.22, 0.09, 0.09, 0.09, 0.11, 0.20, 0.10, 0.10), strict=True))
NEW_CLASS_SHARES = {5: 0.34, 6: 0.16, 7: 0.34, 8: 0.16}  # so that much of it has right labels
_LARGE = 64  # pixels to turn a digit at; at 8, its edges would have steps

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Digit:
    """One of scikit-learn's digits.

    Attributes:
        number: its place among them.
        label: its true class.
        levels: uint8 [8, 8], as it was written at first.
        turn: between 0 and 1: how much of the drift's largest turn it has.
        pallor: likewise, of the drift's largest loss of contrast.
    """

    number: int
    label: str
    levels: Levels
    turn: float
    pallor: float

    def image(self, span: int) -> Image.Image:
        """The digit as it is written in a span's time, 8-bit grey, 8 by 8."""
        original = Image.fromarray(self.levels)
        if span < DRIFT_FROM:
            return original
        later = span - DRIFT_FROM
        large = original.resize((_LARGE, _LARGE), Image.Resampling.BICUBIC)
        turned = large.rotate(self.turn * (16 + 2 * later), Image.Resampling.BICUBIC)
        small = turned.resize(original.size, Image.Resampling.BOX)
        return ImageEnhance.Contrast(small).enhance(1 - self.pallor * (0.3 + 0.03 * later))


@dataclass(frozen=True)
class DigitsInTime:
    """Which digits come when.

    Attributes:
        spans: the digits of each span, by its number.
        golden: those of the golden set, which lacks the new class.
        held_out: those that are in neither.
        labels: the wrong label that each class has in the span of permuted labels.
    """

    spans: dict[int, list[Digit]]
    golden: list[Digit]
    held_out: list[Digit]
    labels: dict[str, str]

    def write_golden(self, folder: Path) -> None:
        """Writes the golden set: digits without drift."""
        for digit in self.golden:
            _write(folder / digit.label, digit, DRIFT_FROM - 1)

    def write_span(self, span: int, folder: Path) -> None:
        """Writes a span as ``folder/span-<n>``, which is there only when it is complete."""
        incomplete = folder / f".span-{span}"
        for digit in self.spans[span]:
            label = self.labels[digit.label] if span == PERMUTED else digit.label
            _write(incomplete / label, digit, span)
        incomplete.rename(folder / f"span-{span}")

    def write_held_out(self, span: int, folder: Path) -> None:
        """Writes the held-out digits as ``folder/<true label>/<number>.png``.

        They look as in the span's time. The new class is among them from its first span on.
        """
        for digit in self.held_out:
            if digit.label != NEW_CLASS or span >= NEW_CLASS_FROM:
                _write(folder / digit.label, digit, span)


def digits_in_time(seed: int) -> DigitsInTime:
    """Deals scikit-learn's 1,797 digits; the same seed always deals the same."""
    rng = np.random.default_rng(seed)
    data = load_digits()
    # Levels from 0 to 16 become those of a file from 0 to 255, as in ``data.digits``.
    levels = np.round(data.images * (255 / 16)).astype(np.uint8)
    drift = rng.random((len(levels), 2))
    spans: dict[int, list[Digit]] = {span: [] for span in SPANS}
    golden, held_out = [], []
    for label in map(str, range(10)):
        digits = [
            Digit(int(number), label, levels[number], *drift[number])
            for number in rng.permutation(np.flatnonzero(data.target == int(label)))
        ]
        held_out += digits[:HELD_OUT]
        rest = digits[HELD_OUT:]
        of_spans = SHARES
        if label == NEW_CLASS:
            of_spans = NEW_CLASS_SHARES
        else:
            golden += rest[:GOLDEN]
            rest = rest[GOLDEN:]
        shares = np.cumsum([*of_spans.values()])
        ends = np.round(shares / shares[-1] * len(rest)).astype(int)
        for span, part in zip(of_spans, np.split(np.arange(len(rest)), ends[:-1]), strict=True):
            spans[span] += [rest[number] for number in part]
    return DigitsInTime(spans, golden, held_out, _permuted(rng))


def _permuted(rng: np.random.Generator) -> dict[str, str]:
    """A wrong label for each class: in a random circle, that of the next class."""
    circle = [str(label) for label in rng.permutation(10)]
    return dict(zip(circle, [*circle[1:], circle[0]], strict=True))


def _write(folder: Path, digit: Digit, span: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    digit.image(span).save(folder / f"{digit.number:04d}.png")
