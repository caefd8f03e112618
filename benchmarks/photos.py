"""The photos that the peers train on, in one fixed split."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"
DATA = SHARED / "data" / "sign_language_digits"
MODULE = SHARED / "backbones" / "mobilenet_v1_025_224"
CLASSES = 10
SIZE, BATCH = 224, 32

# A file and the index of its class.
Photo = tuple[Path, int]


@dataclass(frozen=True)
class Photos:
    """The two splits, each in random order."""

    train: list[Photo]
    validation: list[Photo]


def split(seed: int, share: float = 0.8, data: Path = DATA) -> Photos:
    """Splits each class's photos at random; the same seed always gives the same split.

    Args:
        seed: the seed of the split.
        share: the share of each class's photos for training; the rest is for validation.
        data: a folder with a folder for each class; these, sorted by name, are numbered from 0.

    Raises:
        FileNotFoundError: when ``data`` is not a folder.
    """
    chance = random.Random(seed)
    train: list[Photo] = []
    validation: list[Photo] = []
    folders = sorted(path for path in data.iterdir() if path.is_dir())
    for index, folder in enumerate(folders):
        photos = [(path, index) for path in sorted(folder.iterdir())]
        chance.shuffle(photos)
        kept = round(share * len(photos))
        train += photos[:kept]
        validation += photos[kept:]
    chance.shuffle(train)
    chance.shuffle(validation)
    return Photos(train, validation)


def columns(photos: Sequence[Photo]) -> tuple[list[str], list[int]]:
    """Returns the photos as a list of paths and a list of labels."""
    return [str(path) for path, _ in photos], [label for _, label in photos]


def arguments(modes: Sequence[str], about: str | None) -> argparse.Namespace:
    """Parses the command line that the peers share: ``mode``, ``seed``, ``epochs`` (None: all)."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("mode", choices=modes)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    return parser.parse_args()
