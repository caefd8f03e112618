"""Fixtures that tests share: small images, small backbones, and the folder of shared inputs."""

import io
import os
import signal
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests run side by side, a process for each core: more threads would only wait for each other.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

PROJECT = Path(__file__).parent.parent
SHARED = PROJECT.parent / "shared"
GLYPHS = PROJECT / "data" / "backbones" / "glyphs_cnn_32"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with whole runs come first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_not_ignored() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would the runs of the tests."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared real inputs; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the shared inputs in {SHARED}, which are not on this machine")
    return SHARED


def picture(height: int = 24, width: int = 40, channels: int = 3) -> npt.NDArray[np.uint8]:
    """A picture in which no two corners look alike, uint8 [height, width, channels]."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (x + y) * 255 // (height + width), 0 * x + 200]
    return np.asarray(np.stack(planes[:channels], axis=-1), dtype=np.uint8)


def encoded(
    pixels: npt.NDArray[np.uint8], form: str = "PNG", *, orientation: int | None = None
) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels.squeeze())
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
        image.save(stream, form, exif=exif, quality=95)
    else:
        image.save(stream, form)
    return stream.getvalue()
