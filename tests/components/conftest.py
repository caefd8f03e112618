"""Images that each source lists in its own form."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from components.image_example_gen.digests import fingerprint, with_digests
from components.image_example_gen.image_file import ImageFile
from modules.settings import Ingest
from tests.conftest import encoded

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def asked(path: Path | str, **more: object) -> Ingest:
    """Options with the defaults' shares."""
    return Ingest.model_validate({"path": str(path), "splits": SHARES, **more})


def fingerprint_of(listed: Sequence[ImageFile]) -> str:
    """Of images as they are now."""
    return fingerprint([image.file for image in with_digests(listed)])


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Sixty PNG files, no two alike."""
    pixels = np.random.default_rng(1).integers(0, 255, (60, 8, 8, 3), dtype=np.uint8)
    return [encoded(image) for image in pixels]
