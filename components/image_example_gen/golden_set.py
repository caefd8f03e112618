"""The golden set: images that every model is judged by, and that are taken out of what trains one.

An image is the same by its bytes, so one that is golden is taken out whatever its name, its label
or its span. A span that was ingested before its images became golden has another fingerprint from
then on, and so is ingested again; one that holds no golden image stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from components.image_example_gen import bad_files, listing_file
from components.image_example_gen.image_file import ImageFile, is_remote
from components.image_example_gen.listing_file import DigestedListing
from components.image_example_gen.sources import GOLDEN_KEY
from modules.errors import InputError
from modules.settings import GoldenIngest, Options
from modules.text import counted

Names = Mapping[str, str]  # by the sha256 of an image's bytes, hexadecimal: its name in the set


class GoldenSource(Options):
    """Where ImageExampleGen finds the golden set: a property of its execution, as JSON.

    Attributes:
        options: by which the set is listed.
        listing: the file that keeps what was read of it, as ``listing_file``; empty for none.
    """

    options: GoldenIngest
    listing: str = ""


def take(source: GoldenSource, *, verify: bool = False, keep: bool = True) -> DigestedListing:
    """Lists the set, and reads those images that may have changed since it was last listed.

    Args:
        source: where it lies.
        verify: reads every image.
        keep: whether what was read is written to the file for the next time.

    Raises:
        InputError: when it cannot be listed.
    """
    path = Path(source.listing) if source.listing else None
    known = listing_file.read(path) if path and not verify else None
    listing = listing_file.take(source.options, known)
    if keep and path and listing != known:
        listing_file.write(path, listing)
    return listing


def names(listing: DigestedListing) -> Names:
    """The images of a set, by digest; of those with the same bytes, the first."""
    return {file.digest: file.name for file in reversed(listing.files) if file.digest}


def names_of(text: str, *, verify: bool = False) -> Names:
    """The same of the property that ImageExampleGen has; nothing where it is empty.

    Raises:
        InputError: as ``take``.
    """
    if not text:
        return {}
    return names(take(GoldenSource.model_validate_json(text), verify=verify))


def parted(
    files: Sequence[ImageFile], golden: Names
) -> tuple[Sequence[ImageFile], list[ImageFile]]:
    """Takes golden images out of others.

    Args:
        files: all of them, with their digests.
        golden: the set's images.

    Returns:
        Those that stay, and the golden ones, of which ``problem`` says so.

    Raises:
        InputError: when none stays.
    """
    if not golden:
        return files, []
    stay = [file for file in files if file.digest not in golden]
    if files and not stay:
        raise InputError(
            f"data.path: {counted(len(files), 'image')}, and all are in the golden set, on which "
            "no model is trained; add others, or name another set in evaluation.golden"
        )
    taken_out = [
        replace(file, problem=f"golden: the same bytes as {golden[file.digest]} of the golden set")
        for file in files
        if file.digest in golden
    ]
    return stay, taken_out


def checked(
    source: GoldenSource, sha256: str | None, *, verify: bool = False, keep: bool = True
) -> DigestedListing:
    """Lists the set; refuses one that is not pinned, or of which too much cannot be used.

    Args:
        source: where it lies.
        sha256: the fingerprint that it must have; None for any.
        verify: reads every image.
        keep: as for ``take``.

    Raises:
        InputError: with the fingerprint that the set has; or as ``take``.
    """
    options = source.options
    listing = take(source, verify=verify, keep=keep)
    if sha256 not in (None, listing.fingerprint):
        raise InputError(
            f"evaluation.golden.sha256: the set in {options.path} has the fingerprint "
            f"{listing.fingerprint}, must have {sha256}; restore the images, or change the key if "
            "the new ones are meant"
        )
    bad_files.check_listed(listing.files, options.max_bad_fraction, GOLDEN_KEY)
    return listing


def line(listing: DigestedListing) -> str:
    """How the set is read, and how large it is, for a person."""
    usable = [file for file in listing.files if not file.problem]
    classes = {file.label for file in usable}
    return (
        f"golden set: {listing.layout}; {counted(len(classes), 'class', 'classes')}, "
        f"{counted(len(usable), 'image')}, never trained on"
    )


def check_apart(golden: str, data: str) -> None:
    """Refuses a golden set that is the data itself, or a folder in it, which would be a class.

    A manifest or a shard of the set may lie among the data: what it names is taken out by bytes.

    Args:
        golden: the path of the set.
        data: that of the images that are trained on; of spans, with its placeholders.

    Raises:
        InputError: when they are not apart.
    """
    if is_remote(golden) or is_remote(data):
        clashes = golden.rstrip("/") == data.rstrip("/")
    else:
        ours, theirs = Path(golden), Path(data)
        inside = theirs in ours.parents and theirs.is_dir() and ours.is_dir()
        clashes = ours == theirs or ours in theirs.parents or inside
    if clashes:
        raise InputError(
            f"{GOLDEN_KEY}: {golden} and data.path, {data}, hold the same images, and no golden "
            "image is trained on; name a folder of its own, or a manifest of some of the images"
        )
