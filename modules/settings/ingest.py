"""Where the images are, and which of them are taken in how."""

from typing import Annotated, Literal

from pydantic import Field

from modules.settings.base import Fraction, Options, PositiveInt
from modules.settings.image import WHITE, Color

# The largest sensor of a camera that people own has 150 megapixels; a file of a few kilobytes can
# claim to hold thousands.
MAX_PIXELS = 150_000_000

Format = Literal["folder", "csv", "tfrecord"]
Key = Annotated[str, Field(min_length=1)]


class Ingest(Options):
    """What ImageExampleGen gets.

    Attributes:
        path: a folder, a CSV manifest, or TFRecord shards (a folder of them, or a pattern); local
            or an address of a filesystem that Beam knows. ``{SPAN}``, ``{YYYY}``, ``{MM}``,
            ``{DD}`` and ``{VERSION}`` in it stand for the latest that there is.
        earlier: the same, of earlier images, which go to a split of their own; empty for none.
        format: what ``path`` is; guessed where it is None.
        image_root: where the paths in a manifest start; its own folder where it is empty.
        image_column: of the manifest, the image's path; of shards, the feature of the bytes.
        label_column: the label's column or feature.
        split_column: the split's, where there is one.
        group_column: what images have in common that stay together, where there is one.
        folders: whether the folders in ``path`` are classes or splits; guessed where it is None.
        leave_out: names of files and folders, or patterns of them, that are passed over.
        unlabelled: whether images without a label count as such that cannot be used, or are
            passed over.
        splits: each split's share of the images, adding up to 1.
        max_bad_fraction: the run fails when a greater share of the files cannot be used.
        max_pixels: more in one image are not decoded.
        background: what an image is laid on where it is transparent.
    """

    path: str
    earlier: str = ""
    format: Format | None = None
    image_root: str = ""
    image_column: Key = "path"
    label_column: Key = "label"
    split_column: Key = "split"
    group_column: Key = "group"
    folders: Literal["classes", "splits"] | None = None
    leave_out: tuple[Key, ...] = ()
    unlabelled: Literal["refuse", "skip"] = "refuse"
    splits: dict[str, float]
    max_bad_fraction: Fraction = 0.05
    max_pixels: PositiveInt = MAX_PIXELS
    background: Color = WHITE
