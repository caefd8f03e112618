"""Files that cannot be used: their reasons, and how many are too many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from components.image_example_gen.image_file import NO_LABEL, ImageFile
from modules.errors import InputError
from modules.text import clipped, counted

# The kind of reason of files in another format.
NO_IMAGE = "not a JPEG, PNG, GIF or BMP"


def by_reason(reasons: Iterable[str]) -> dict[str, int]:
    """How many were left out for each kind of reason, the most frequent first.

    The kind stands before the first colon.
    """
    kinds = Counter(reason.partition(":")[0] for reason in reasons)
    return dict(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))


def _mending(kinds: Mapping[str, int], key: str) -> str:
    if NO_IMAGE in kinds:
        return "JPEG, PNG, GIF and BMP are read: convert them"
    return f"correct {key}, or repair them"


def check(
    kinds: Mapping[str, int],
    total: int,
    first: tuple[str, str],
    max_bad_fraction: float,
    key: str = "data.path",
) -> None:
    """Refuses data of which too much cannot be used.

    Args:
        kinds: how many cannot, by the kind of reason.
        total: how many images there are, those included.
        first: the name of one, and its reason.
        max_bad_fraction: in [0, 1].
        key: of the config, that named the images.

    Raises:
        InputError: with the counts, when a greater share cannot be used, or none can.
    """
    bad = sum(kinds.values())
    if bad <= max_bad_fraction * total and bad < total:
        return
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    why = f"{counts}; such as {clipped(first[0])}: {first[1]}"
    if bad == total:
        raise InputError(
            f"{key}: none of {counted(total, 'file')} can be used ({why}); {_mending(kinds, key)}"
        )
    unlabelled = kinds.get(NO_LABEL, 0)
    remedy = "remove or repair them, or raise it"
    if unlabelled and bad - unlabelled <= max_bad_fraction * (total - unlabelled):
        remedy = (
            f"set data.unlabelled: skip to continue without those that have no label, with "
            f"{total - unlabelled:,} images"
        )
    raise InputError(
        f"{key}: {bad:,} of {total:,} files cannot be used ({why}), and "
        f"data.max_bad_fraction allows {max_bad_fraction:g}; {remedy}"
    )


def check_listed(
    files: Sequence[ImageFile], max_bad_fraction: float, key: str = "data.path"
) -> None:
    """The same of what a listing knows, before any file is read.

    Raises:
        InputError: as ``check``.
    """
    bad = [file for file in files if file.problem]
    if bad:
        kinds = by_reason(file.problem for file in bad)
        check(kinds, len(files), (bad[0].name, bad[0].problem), max_bad_fraction, key)
