"""The configuration: one frozen object, checked in full before any work."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from modules import features
from modules.backbones.loading.allowed import problem_of_prefix
from modules.settings import (
    MAX_PIXELS,
    WHITE,
    Color,
    Evaluation,
    Finetune,
    FiniteFloat,
    Format,
    Fraction,
    Infra,
    Ingest,
    Integer,
    Key,
    Options,
    Patterns,
    PositiveInt,
)
from pipeline.beam import Beam

# Shares of an added-up whole may miss 1 by rounding.
_SHARES_TOLERANCE = 1e-6


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"got {value!r}, must be a path; change it")
    return value


def _prefix(value: str) -> str:
    problem = problem_of_prefix(value)
    if problem:
        raise ValueError(problem)
    return value


def _digits(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise ValueError(f"got {value!r}, must be 64 hexadecimal digits; thaw inspect shows them")
    return value.lower()


def _size(value: object) -> object:
    """Says how a size is written where the value is none."""
    if not isinstance(value, str | dict) and not (isinstance(value, list) and len(value) != 2):
        return value
    sides = re.findall("[0-9]+", value) if isinstance(value, str) else []
    high, wide = (sides * 2)[:2] if 0 < len(sides) < 3 else ("224", "224")
    one = f"{high} or " if high == wide else ""
    raise ValueError(f"got {value!r}, must be {one}[{high}, {wide}]: pixels; change it")


# A local path, which ``pipeline.loading`` has made absolute, or an address.
Place = Annotated[str, BeforeValidator(_text)]
Prefix = Annotated[str, AfterValidator(_prefix)]


class Splits(Options):
    """Each split's share of the images; they add up to 1."""

    train: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] = 0.8
    validation: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] = 0.1
    test: Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)] = 0.1

    @model_validator(mode="after")
    def _whole(self) -> "Splits":
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > _SHARES_TOLERANCE:
            raise ValueError(f"the shares must add up to 1, and add up to {total:g}; change one")
        return self

    def shares(self) -> dict[str, float]:
        """By split name, in the order of ``features.SPLITS``."""
        return {name: getattr(self, name) for name in features.SPLITS}


class Data(Options):
    """The images, and how they are taken in.

    Attributes:
        path: a folder that holds a folder of images for each class, a CSV manifest, or TFRecord
            shards; local, or an address that Beam knows. ``{SPAN}``, ``{YYYY}``, ``{MM}``,
            ``{DD}`` and ``{VERSION}`` in it stand for the latest that there is.
        format: which of them it is; guessed where it is left out.
        image_root: the folder that the paths in a manifest start at; the manifest's own where it is
            left out.
        image_column, label_column, split_column, group_column: what a manifest calls the image's
            path, its class, its split and what it has in common with others that must stay on its
            side; of shards, the features. The last two need not be there.
        folders: ``classes`` or ``splits``: what the folders in ``path`` are, where their names do
            not tell.
        leave_out: names of files and folders that are passed over, or patterns of names, such as
            ``*.xmp``; of folders and shards, wherever they lie.
        unlabelled: what becomes of images without a label: ``refuse`` counts them among those that
            cannot be used, ``skip`` passes over them.
        resize: how an image is brought to the backbone's size.
        splits: shares of training, validation and test images, where the data names no splits.
        max_bad_fraction: the run fails when a greater share of the files cannot be used.
        max_pixels: of one image; a file that claims to hold more is not decoded.
        background: what an image is laid on where it is transparent: a colour as CSS names it,
            ``'#rrggbb'`` or [red, green, blue].
        schema_file: a curated schema in protobuf's text form; ``schema`` in the file.
        earlier: earlier images, of the same classes, on which each stage's accuracy is measured, to
            see what is forgotten; never trained on.
    """

    path: Place
    earlier: Place | None = None
    format: Format | None = None
    image_root: Place | None = None
    image_column: Key = "path"
    label_column: Key = "label"
    split_column: Key = "split"
    group_column: Key = "group"
    folders: Literal["classes", "splits"] | None = None
    leave_out: tuple[Key, ...] = ()
    unlabelled: Literal["refuse", "skip"] = "refuse"
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    splits: Splits = Splits()
    max_bad_fraction: Fraction = 0.05
    max_pixels: PositiveInt = MAX_PIXELS
    background: Color = WHITE
    schema_file: Path | None = Field(default=None, alias="schema")

    def ingest(self) -> Ingest:
        """What ImageExampleGen gets."""
        shared = {name: getattr(self, name) for name in Ingest.model_fields}
        given = {"earlier": self.earlier or "", "image_root": self.image_root or ""}
        return Ingest(**{**shared, **given, "splits": self.splits.shares()})


class BackboneOptions(Options):
    """The Hub module.

    Attributes:
        handle: a name that ``thaw backbones`` shows, a SavedModel's folder, the address of one in
            Hub's compressed form, or Kaggle's short form (``docs/backbones.md``).
        allowed: prefixes, one of which the handle must lie under, as it must under one of the
            variable ``THAW_ALLOWED_HANDLES``; absolute paths or addresses (``docs/security.md``).
        sha256: of the module's files, which ``thaw inspect`` shows; any where it is left out.
        image_size: pixels, one number for a square or [height, width]; what the module takes
            where it is left out.
        input_range: what black and white become; a named backbone's own, or that of the version
            that Thaw pushed, where it is left out, and [0, 1] for others.
        blocks: regular expressions that name the blocks, where the variables' own names or the
            graph say something else: a variable belongs to the block that is named by what a
            pattern finds in its name, by its first group where it has one.
    """

    handle: Annotated[str, Field(min_length=1)]
    allowed: Annotated[tuple[Prefix, ...], Field(min_length=1)] | None = None
    sha256: Annotated[str, BeforeValidator(_digits)] = ""
    image_size: Annotated[
        PositiveInt | tuple[PositiveInt, PositiveInt] | None, BeforeValidator(_size)
    ] = None
    input_range: tuple[float, float] | None = None
    blocks: Patterns | None = None

    @model_validator(mode="after")
    def _rising(self) -> "BackboneOptions":
        low, high = self.input_range or (0.0, 1.0)
        if low >= high:
            raise ValueError(f"input_range must rise, and is [{low:g}, {high:g}]; swap its ends")
        return self

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width), if it was given."""
        if isinstance(self.image_size, int):
            return (self.image_size, self.image_size)
        return self.image_size


class Push(Options):
    """Where models go.

    Attributes:
        serving_dir: the folder of the versions; ``serving`` in the root where it is left out.
        keep: how many versions stay; those that are pinned stay beside them.
        lock_seconds: how long another push or rollback may hold the folder before this one fails.
        exports: forms for TensorFlow Lite that go with a version, in its ``assets.extra``.
        min_agreement: the least share of test images on which one must give the model's label;
            else it is left out, and the summary says so.
    """

    serving_dir: Path | None = None
    keep: Annotated[Integer, Field(ge=2)] = 10
    lock_seconds: Annotated[FiniteFloat, Field(gt=0.0)] = 60.0
    exports: tuple[Literal["tflite_float16", "tflite_int8"], ...] = ()
    min_agreement: Fraction = 0.98


class Config(Options):
    """All of it. Only ``data.path`` and ``backbone.handle`` have no default.

    ``root`` is where everything goes: ``.thaw/<config's name>`` beside the config, or beside its
    folder where that is called ``configs``, if the file does not say (``pipeline.places``).
    """

    data: Data
    backbone: BackboneOptions
    finetune: Finetune = Finetune()
    evaluation: Evaluation = Evaluation()
    infra: Infra = Infra()
    push: Push = Push()
    beam: Beam = Beam()
    root: Path
    # Where it was read from; set by ``pipeline.loading``.
    _file: Path = PrivateAttr(default=Path("config.yaml"))
    _overrides: tuple[str, ...] = PrivateAttr(default=())

    @property
    def file(self) -> Path:
        """The file that this was read from."""
        return self._file

    @property
    def overrides(self) -> tuple[str, ...]:
        """What replaced single values of the file, as ``key.path=value``."""
        return self._overrides

    @property
    def name(self) -> str:
        """The file's name without its ending: the pipeline's name."""
        return self._file.stem

    @property
    def serving_dir(self) -> Path:
        """The folder of the versions."""
        return self.push.serving_dir or self.root / "serving"
