"""What a program asks the kernel for of some images, as strace sees it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_CALLS = "read,pread64,readv,preadv,getdents64,stat,lstat,newfstatat,statx"
# A line of strace -ff -ttt -y: the time, the call, its descriptor's or its own path, its result.
_CALL = re.compile(r'^([\d.]+) (\w+)\((?:\w+<([^>]*)>)?[^"]*(?:"([^"]*)")?.*\) = (-?\d+)')


@dataclass
class Counts:
    """What one stage asks the kernel for.

    Attributes:
        images: bytes of image files.
        records: bytes of ImageExampleGen's TFRecords.
        listings: listings of folders of images, to their ends.
        stats: of image files, by path.
    """

    images: int = 0
    records: int = 0
    listings: int = 0
    stats: int = 0


def tracer(folder: Path) -> list[str]:
    """The command before a command that writes its calls, a file for each thread, into a folder."""
    prefix = ["strace", "-f", "-ff", "-ttt", "-y", "-s", "0", "--seccomp-bpf"]
    return [*prefix, "-e", f"trace={_CALLS}", "-o", str(folder / "calls")]


def by_stage(trace: Path, data: Path, ends: Mapping[str, float]) -> dict[str, Counts]:
    """What a program asked for until each stage ended.

    Args:
        trace: the folder of strace's files.
        data: the folder of images.
        ends: of the stages, in their order, in seconds since 1970.
    """
    counts = {stage: Counts() for stage in ends}
    for when, call, path, value in calls(trace):
        stage = next((stage for stage, end in ends.items() if when <= end), [*ends][-1])
        count = counts[stage]
        if path.startswith(str(data)):
            if call == "getdents64":
                count.listings += value == 0
            elif "stat" in call:
                count.stats += path.endswith(".jpg")
            elif path.endswith(".jpg"):
                count.images += value
        elif "read" in call and path.endswith(".tfrecord"):
            count.records += value
    return counts


def calls(trace: Path) -> Iterator[tuple[float, str, str, int]]:
    """Each call that did not fail: its time, name, path and result.

    Args:
        trace: the folder of strace's files.
    """
    for file in trace.iterdir():
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match = _CALL.match(line)
                if match and not match[5].startswith("-"):
                    yield float(match[1]), match[2], match[4] or match[3] or "", int(match[5])
