"""Creates any number of photo-sized JPEGs, once, in the temporary folder."""

import io
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import photos

SIZE = (640, 480)


def folder(count: int) -> Path:
    """Returns a folder of ``count`` JPEGs in ten class folders, no two alike, 72 KB each.

    Each is one of the shared photos, enlarged, cropped at random and given a sensor's noise.
    """
    root = Path(tempfile.gettempdir()) / f"thaw-photos-{count}"
    if (root / "complete").exists():
        return root
    rows = photos.split(0)
    sources, _ = photos.columns([*rows.train, *rows.validation])
    jobs = [(n, sources[n % len(sources)], root / str(n % 10)) for n in range(count)]
    for _, _, parent in jobs[:10]:
        parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(_make, jobs, chunksize=200):
            pass
    (root / "complete").touch()
    return root


def _make(job: tuple[int, str, Path]) -> None:
    number, source, parent = job
    rng = np.random.default_rng(number)
    with Image.open(source) as photo:
        left, top = rng.integers(0, 20, 2)
        part = photo.convert("RGB").resize((120, 120)).crop((left, top, left + 100, top + 75))
    pixels = np.asarray(part.resize(SIZE, Image.Resampling.BICUBIC)).astype(np.int16)
    pixels = pixels + rng.integers(-8, 9, pixels.shape, dtype=np.int16)
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=92)
    (parent / f"{number:06d}.jpg").write_bytes(stream.getvalue())
