"""Image files as few programs write them, made byte by byte."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
RGB_MASKS = (0xFF0000, 0xFF00, 0xFF)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """As Pillow saves it."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def bmp(
    rows: Sequence[bytes],
    width: int,
    bits: int,
    *,
    masks: Sequence[int] = (),
    header: int = 40,
    palette: bytes = b"",
    tail: bytes = b"",
    top_down: bool = False,
    compression: int | None = None,
) -> bytes:
    """A BMP of rows from the top down, each without what fills it up to four bytes."""
    data = b"".join(row + b"\0" * (-len(row) % 4) for row in (rows if top_down else rows[::-1]))
    kind = compression if compression is not None else (3 if masks else 0)
    height = -len(rows) if top_down else len(rows)
    colors = len(palette) // 4
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack(
            "<IiiHHIIiiII", header, width, height, 1, bits, kind, len(data), 0, 0, colors, 0
        )
        message = struct.pack(f"<{len(masks)}I", *masks)
        info += message if header == 40 else message.ljust(header - 40, b"\0")
    start = 14 + len(info) + len(palette)
    head = struct.pack("<2sIHHI", b"BM", start + len(data) + len(tail), 0, 0, start)
    return head + info + palette + data + tail


def by_pixel(pixels: Pixels, order: str) -> list[bytes]:
    """Rows of uint8 [h, w, 3 or 4], each pixel's bytes in an order such as ``BGR0``."""
    planes = {name: pixels[..., i] for i, name in enumerate("RGBA"[: pixels.shape[-1]])}
    planes |= {"0": np.zeros_like(pixels[..., 0]), "1": np.full_like(pixels[..., 0], 255)}
    return [row.tobytes() for row in np.stack([planes[name] for name in order], axis=-1)]


def png(pixels: Pixels, depth: int, color_type: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of rows of bytes as they are, uint8 [h, n], with chunks before and behind the pixels.

    Those whose name begins with a capital, or is tRNS or eXIf, come before.
    """
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color_type]
    width = pixels.shape[1] * 8 // (depth * samples)
    header = struct.pack(">IIBBBBB", width, len(pixels), depth, color_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(name: bytes, content: bytes) -> bytes:
    """One of a PNG."""
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def segment(marker: int, content: bytes) -> bytes:
    """One of a JPEG."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def tiff(
    orientation: int, order: str = "<", kind: int = 3, others: Sequence[int] = (), gap: int = 0
) -> bytes:
    """EXIF's directory with the orientation in it, of a TIFF type, behind entries of other tags."""
    entries = [struct.pack(f"{order}HHII", tag, 4, 1, 0) for tag in others]
    value = struct.pack(
        f"{order}I" if kind in (4, 9) else f"{order}HH",
        *[orientation, 0][: 1 + (kind not in (4, 9))],
    )
    entries.append(struct.pack(f"{order}HHI", 0x0112, kind, 1) + value)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, 8 + gap) + b"\0" * gap
    return head + struct.pack(f"{order}H", len(entries)) + b"".join(entries) + b"\0" * 4


def gif(picture: Pixels, canvas: tuple[int, int], left: int, top: int, **options: Any) -> bytes:
    """A GIF whose picture lies somewhere on a larger canvas, width and height."""
    content = bytearray(saved(Image.fromarray(picture).convert("P"), "GIF", **options))
    at = content.index(b"\x2c\0\0\0\0", 13 + 3 * 2 ** ((content[10] & 7) + 1))
    content[6:10] = b"".join(side.to_bytes(2, "little") for side in canvas)
    content[at + 1 : at + 5] = left.to_bytes(2, "little") + top.to_bytes(2, "little")
    return bytes(content)
