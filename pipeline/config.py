"""The configuration: one frozen object, checked in full before any work."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from modules.settings import (
    Evaluation,
    Finetune,
    FiniteFloat,
    Fraction,
    Infra,
    Ingest,
    Integer,
    Options,
    Patterns,
    PositiveInt,
    paths,
)
from pipeline.beam import Beam
from pipeline.handles import AllowedPrefix, Handle


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


RootFolder = Annotated[
    Path,
    paths.local(
        "a root is a folder of this machine, for ML Metadata and the locks need one; name one, and "
        "copy what is pushed from its serving folder to the bucket (gsutil rsync, aws s3 sync), or "
        "mount the bucket"
    ),
]
ServingFolder = Annotated[
    Path,
    paths.local(
        "versions appear whole by renaming a folder, which a bucket cannot do; name a folder of "
        "this machine, and copy it to the bucket after each run (gsutil rsync, aws s3 sync), or "
        "mount the bucket"
    ),
]
SchemaFile = Annotated[Path, paths.local("a schema is a file of this machine; name one")]


class Data(Ingest):
    """The images: how they are taken in, and what other nodes than ImageExampleGen read of it."""

    resize: Literal["stretch", "crop", "pad"] = "stretch"
    """How an image is brought to the backbone's size."""
    schema_file: SchemaFile | None = Field(default=None, alias="schema")
    """A curated schema in protobuf's text form; Thaw's own if left out."""

    def ingest(self) -> Ingest:
        """What ImageExampleGen gets, so that the other keys are no part of its cache key."""
        return Ingest.model_validate(self.model_dump(include=set(Ingest.model_fields)))


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

    handle: Handle
    allowed: Annotated[tuple[AllowedPrefix, ...], Field(min_length=1)] | None = None
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

    serving_dir: ServingFolder | None = None
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
    root: RootFolder
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
