"""What a listing passes over, so that a run can say it."""

import fnmatch
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from modules.text import clipped, counted

# What operating systems, NAS boxes and archives put beside people's files. Names with a dot in
# front, .DS_Store, ._1.jpg, .@__thumb and .Trashes among them, are passed over anyway.
_OF_SYSTEMS = frozenset(
    {
        "__macosx", "lost+found", "icon\r", "network trash folder", "temporary items",
        "thevolumesettingsfolder",
        "$recycle.bin", "recycler", "system volume information", "thumbs.db", "ehthumbs.db",
        "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "zbthumbnail.info",
        "@eadir", "@tmp", "@recycle", "@recently-snapshot", "@sharebin", "#recycle", "#snapshot",
        "__pycache__",
    }
)  # fmt: skip
_ENDS_OF_SYSTEMS = ("@synoresource", "@synoeastream")
_EXAMPLES = 3

# Why something is passed over: a noun and its plural.
SYSTEM = ("file or folder of other programs", "files or folders of other programs")
BESIDE_CLASSES = ("file beside the class folders", "files beside the class folders")
BESIDE_SPLITS = ("folder beside the splits", "folders beside the splits")
NAMED = ("file or folder that data.leave_out names", "files or folders that data.leave_out names")
UNLABELLED = ("image without a label", "images without a label")
OF_OTHERS = (
    "column with the name of a feature that another column gives",
    "columns with the name of a feature that another column gives",
)
NAMELESS = ("column with an empty name", "columns with an empty name")
Why = tuple[str, str]


def is_of_system(name: str) -> bool:
    """Whether a file or folder is none that a person put there: hidden, or another program's."""
    folded = name.casefold()
    return name.startswith(".") or folded in _OF_SYSTEMS or folded.endswith(_ENDS_OF_SYSTEMS)


@dataclass
class PassedOver:
    """What is passed over, by why: how many, and the first few names.

    Attributes:
        leave_out: names of files and folders, or patterns of them, that a person leaves out.
    """

    leave_out: Sequence[str] = ()
    counts: Counter[Why] = field(default_factory=Counter)
    names: dict[Why, list[str]] = field(default_factory=dict)

    def add(self, why: Why, name: str) -> None:
        """One more."""
        self.counts[why] += 1
        names = self.names.setdefault(why, [])
        if name and name not in names and len(names) < _EXAMPLES:
            names.append(name)

    def takes(self, name: str) -> bool:
        """Whether the file or folder is passed over for its name alone; then it is counted."""
        if is_of_system(name):
            self.add(SYSTEM, name)
            return True
        if any(name == pattern or fnmatch.fnmatchcase(name, pattern) for pattern in self.leave_out):
            self.add(NAMED, name)
            return True
        return False

    def parts(self) -> list[str]:
        """For people: ``2 files beside the class folders ('LICENSE', 'README')``."""
        return [
            f"{counted(count, *why)}{_shown(self.names[why], count)}"
            for why, count in self.counts.items()
        ]


def _shown(names: Sequence[str], count: int) -> str:
    if not names:
        return ""
    more = ", …" if count > len(names) and len(names) == _EXAMPLES else ""
    return f" ({', '.join(repr(clipped(name, 60)) for name in names)}{more})"
