"""Writes scikit-learn's handwritten digits as PNG files, a folder per class.

The set is the test part of the UCI "Optical Recognition of Handwritten Digits" data: 1,797 grey
images of 8 by 8 pixels with levels 0 to 16, bright strokes on black.

    python -m data.digits [FOLDER]        2 s; the default is data/digits
"""

import os
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

DEFAULT_FOLDER = Path(__file__).parent / "digits"
COUNT = 1797


def write_digits(folder: Path) -> int:
    """Writes ``folder/<digit>/<number>.png``, 8-bit grey; returns how many images there are.

    Files that are there already are left alone, so that their dates stay.
    """
    digits = load_digits()
    for number, (levels, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / str(digit) / f"{number:04d}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.round(levels * (255 / 16)).astype(np.uint8)).save(path)
    return len(digits.images)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    print(f"digits: {write_digits(target)} images in {os.path.relpath(target)}")
