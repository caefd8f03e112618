"""What a listing gives: images by their names, and how it came to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.image_example_gen.entry import ImageFile
from components.image_example_gen.passed_over import PassedOver
from modules import features
from modules.text import clipped, counted

_SHOWN_CLASSES = 5


@dataclass(frozen=True)
class Listing:
    """Images that were found, none of them read.

    Attributes:
        files: all of them.
        layout: how they were found, in words: ``a folder per split (train, test) and class``.
        passed: what was passed over.
        notes: what else a person should know, a sentence each.
    """

    files: list[ImageFile]
    layout: str
    passed: PassedOver = field(default_factory=PassedOver)
    notes: Sequence[str] = ()

    def lines(self) -> list[str]:
        """For people: how the data is read, what is passed over, what else is to be known."""
        now = [file for file in self.files if file.split != features.EARLIER]
        classes = sorted({file.label for file in now if not file.problem})
        shown = ", ".join(clipped(label, 40) for label in classes[:_SHOWN_CLASSES])
        more = ", …" if len(classes) > _SHOWN_CLASSES else ""
        lines = [
            f"data: {self.layout}; {counted(len(classes), 'class', 'classes')} ({shown}{more}), "
            f"{counted(len(now), 'image')}{self._earlier()}"
        ]
        parts = self.passed.parts()
        if parts:
            lines.append(f"data: left out: {'; '.join(parts)}")
        return [*lines, *(f"data: {note}" for note in self.notes)]

    def _earlier(self) -> str:
        count = sum(file.split == features.EARLIER for file in self.files)
        return f", and {counted(count, 'earlier image')}" if count else ""
