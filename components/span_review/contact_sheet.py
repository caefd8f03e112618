"""A page of HTML with the disagreements in which a model is surest of its answer."""

import base64
import heapq
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from PIL import Image, ImageOps

from components.records.spans import AgreementRecord
from components.span_review.agreement import Answer
from modules.rounding import share
from modules.text import clipped

SHOWN = 20  # disagreements, and classes in the table
_SIDE = 128  # pixels of a thumbnail, at most
_FORMATS = ("JPEG", "PNG", "GIF", "BMP")
_LONGEST = 120  # characters of a label or of a file's name
_TEMPLATE = Path(__file__).with_name("contact_sheet.html.jinja")


@dataclass(frozen=True)
class AnsweredImage:
    """An image, and what a model says of it.

    Attributes:
        answer: the model's.
        name: the image's, for people.
        content: the image file's bytes.
    """

    answer: Answer
    name: str
    content: bytes = field(repr=False)

    @property
    def thumbnail(self) -> str:
        """A small picture as a ``data:`` address; empty where Pillow cannot read the image."""
        try:
            with Image.open(io.BytesIO(self.content), formats=_FORMATS) as image:
                image.draft("RGB", (_SIDE, _SIDE))  # A JPEG is decoded at a part of its size.
                turned = ImageOps.exif_transpose(image).convert("RGBA")
        except Exception:  # Its parsers raise whatever they meet; the page is whole without it.
            return ""
        turned.thumbnail((_SIDE, _SIDE))
        stream = io.BytesIO()
        turned.save(stream, "PNG")
        return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


class MostConfident:
    """Keeps the disagreements with the highest scores, and lets go of all others at once.

    Args:
        most: how many are kept.
    """

    def __init__(self, most: int = SHOWN) -> None:
        self._most = most
        self._heap: list[tuple[tuple[float, int], AnsweredImage]] = []
        self._place = itertools.count(0, -1)  # Of equal scores, the first one stays.

    def add(self, image: AnsweredImage) -> None:
        """Keeps a disagreement, if the model is surer of it than of others so far."""
        item = ((image.answer.score, next(self._place)), image)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    @property
    def kept(self) -> list[AnsweredImage]:
        """The surest first."""
        return [image for _, image in sorted(self._heap, key=lambda item: item[0], reverse=True)]


def as_html(
    span: int | None,
    agreement: AgreementRecord | None,
    problems: Sequence[str],
    disagreements: Sequence[AnsweredImage],
    reason: str = "",
) -> str:
    """One file that needs no other and sends no request; all that comes from data is escaped.

    Args:
        span: the span's number; None where it has none.
        agreement: the figures; None where the model could not be asked.
        problems: why the span is suspicious, a sentence each.
        disagreements: what is shown, in this order.
        reason: why the model could not be asked.
    """
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, autoescape=True
    )
    environment.filters |= {"share": share, "clipped": _clipped}
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    classes = sorted(
        agreement.by_class.items() if agreement else (),
        key=lambda item: (item[1].agreement, item[0]),
    )
    return template.render(
        span=span,
        agreement=agreement,
        problems=problems,
        classes=classes[:SHOWN],
        left_out=max(0, len(classes) - SHOWN),
        disagreements=disagreements,
        reason=reason,
        side=_SIDE,
    )


def _clipped(text: Any) -> str:
    """Labels and names may hold characters that turn the direction of what follows them."""
    return clipped(text, _LONGEST)
