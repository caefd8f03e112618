"""Where the images are, and how they are ingested."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from modules import features
from modules.plugins import is_reference
from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt
from modules.settings.image import WHITE, Color
from modules.settings.paths import PathOrAddress

# The largest sensor of a camera that people own has 150 megapixels; a file of a few kilobytes can
# claim to hold thousands.
MAX_PIXELS = 150_000_000

# By rounding, shares may add up to a little more or less than 1.
_SHARES_TOLERANCE = 1e-6

FORMATS = ("folder", "csv", "tfrecord")
Key = Annotated[str, Field(min_length=1)]
Share = Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)]


def _format(value: object) -> object:
    if value is None or value in FORMATS or (isinstance(value, str) and is_reference(value)):
        return value
    raise ValueError(
        f"got {value!r}, must be {', '.join(FORMATS)} or package.module:name; name one of them"
    )


Format = Annotated[
    str,
    BeforeValidator(_format, json_schema_input_type=Literal["folder", "csv", "tfrecord"] | str),
]


class Splits(Options):
    """Each split's share of the images; they add up to 1."""

    train: Share = 0.8
    """The share of images that are trained on."""
    validation: Share = 0.1
    """The share of images that choose the best epoch and the best stage."""
    test: Share = 0.1
    """The share of images that the gate judges by."""

    @model_validator(mode="after")
    def _add_up_to_1(self) -> "Splits":
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > _SHARES_TOLERANCE:
            raise ValueError(f"the shares must add up to 1, and add up to {total:g}; change one")
        return self

    def shares(self) -> dict[str, float]:
        """By split name, in the order of ``features.SPLITS``."""
        return {name: getattr(self, name) for name in features.SPLITS}


class Ingest(Options):
    """What ImageExampleGen gets of a configuration's ``data``: all that its cache key holds of it.

    ``pipeline.configuration.config.Data`` adds the keys that other nodes read.
    """

    path: PathOrAddress
    """A folder that holds a folder of images for each class, a CSV manifest, or TFRecord shards (a
    folder of them, or a pattern). `{SPAN}`, `{YYYY}`, `{MM}`, `{DD}` and `{VERSION}` in
    it stand for the latest that there is."""
    earlier: PathOrAddress | None = None
    """Earlier images of the same classes, in any of the forms of `path`. Each stage's accuracy on
    them shows what it forgets; they are never trained on."""
    format: Format | None = None
    """Which form `path` has, or `package.module:name` of a user's own source; guessed if left
    out."""
    image_root: PathOrAddress | None = None
    """The folder that relative paths in a manifest start at; the manifest's own if left out."""
    image_column: Key = "path"
    """The manifest's column that holds each image's path; of shards, the feature that holds the
    image's bytes."""
    label_column: Key = "label"
    """The column or feature that holds the class."""
    split_column: Key = "split"
    """The column or feature that names the split; the data need not have it."""
    group_column: Key = "group"
    """The column or feature that says which images must stay in one split; the data need not have
    it."""
    folders: Literal["classes", "splits"] | None = None
    """Whether the folders in `path` are classes or splits; their names decide if left out."""
    leave_out: tuple[Key, ...] = ()
    """Names, or patterns of names such as `*.xmp`, of files and folders that are passed over; of
    folders and shards, wherever they lie."""
    unlabelled: Literal["refuse", "skip"] = "refuse"
    """What becomes of images without a label: `refuse` counts them among those that cannot be
    used, `skip` passes over them."""
    splits: Splits = Splits()
    """Each split's share of the images, where the data names no splits; the three add up to 1."""
    max_bad_fraction: Fraction = 0.05
    """The run fails if a greater share of the files cannot be used."""
    max_pixels: PositiveInt = MAX_PIXELS
    """The most pixels of an image; a file that claims to hold more is not decoded."""
    background: Color = WHITE
    """The colour that shows through where an image is transparent: as CSS names it, as
    `'#rrggbb'` or as [red, green, blue]."""

    @property
    def plugins(self) -> dict[str, str]:
        """References to a user's own code, with the keys that name them."""
        return {} if self.format is None or self.format in FORMATS else {self.format: "data.format"}
