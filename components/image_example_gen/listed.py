"""What a source returns: images by their names, and how it listed them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.image_example_gen import bad_files
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.labels import alike
from components.image_example_gen.passed_over import PassedOver
from modules import features
from modules.text import clipped, counted

_SHOWN_CLASSES = 5


@dataclass(frozen=True)
class Listing:
    """The images of a source; none of them has been read.

    Attributes:
        files: all of them.
        layout: how they were listed, in words: ``a folder per split (train, test) and class``.
        passed: what the source passed over.
        notes: sentences that a person should read.
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
        lines += [f"data: {note}" for note in self.notes]
        lines += self._unusable()
        lines += [
            f"data: {' and '.join(map(repr, group))} are classes of their own, and differ in case, "
            "spaces or form alone; give them one name if they are one"
            for group in alike(classes)
        ]
        return lines

    def _unusable(self) -> list[str]:
        """A line on files that are known to be missing, rows without a label and the like."""
        bad = [file for file in self.files if file.problem]
        if not bad:
            return []
        kinds = bad_files.by_reason(file.problem for file in bad)
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        example = f"{clipped(bad[0].name, 100)}: {clipped(bad[0].problem, 200)}"
        return [f"data: {counted(len(bad), 'image')} cannot be used ({counts}; such as {example})"]

    def _earlier(self) -> str:
        count = sum(file.split == features.EARLIER for file in self.files)
        return f", and {counted(count, 'earlier image')}" if count else ""
