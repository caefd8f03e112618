"""The configuration: a frozen object that is checked in full before any work begins."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from modules.settings import (
    Evaluation,
    Finetune,
    FiniteFloat,
    Fraction,
    GoldenIngest,
    Infra,
    Ingest,
    Integer,
    Options,
    Patterns,
    PositiveInt,
    Retrain,
    Window,
    paths,
)
from pipeline.configuration.beam import Beam
from pipeline.configuration.handles import AllowedPrefix, Handle


def _digest(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise ValueError(f"got {value!r}, must be 64 hexadecimal digits; thaw inspect shows them")
    return value.lower()


def _size(value: object) -> object:
    """Refuses a text or a list of another length, and shows how to write the size."""
    if not isinstance(value, str | dict) and not (isinstance(value, list) and len(value) != 2):
        return value
    sides = re.findall("[0-9]+", value) if isinstance(value, str) else []
    high, wide = (sides * 2)[:2] if 0 < len(sides) < 3 else ("224", "224")
    square = f"{high} or " if high == wide else ""
    raise ValueError(f"got {value!r}, must be {square}[{high}, {wide}]: pixels; change it")


RootFolder = Annotated[
    Path,
    paths.local(
        "a root is a folder of this machine, since ML Metadata and the locks need one; name a "
        "local folder, and copy pushed versions from its serving folder to the bucket (gsutil "
        "rsync, aws s3 sync), or mount the bucket"
    ),
]
ServingFolder = Annotated[
    Path,
    paths.local(
        "a version appears when its folder is renamed, which a bucket cannot do; name a folder of "
        "this machine, and copy it to the bucket after each run (gsutil rsync, aws s3 sync), or "
        "mount the bucket"
    ),
]
SchemaFile = Annotated[Path, paths.local("a schema is a file of this machine; name a local file")]


class Data(Ingest):
    """The images: where they are, and how they are ingested."""

    # What ImageExampleGen's cache key must not hold.

    resize: Literal["stretch", "crop", "pad"] = "stretch"
    """How an image is brought to the backbone's size."""
    verify: bool = False
    """Whether each run reads every image to see if it has changed; if not, it reads those whose
    size, times or inode are not what they were."""
    window: Window | None = None
    """Over which spans a model is trained; the latest alone if left out."""
    schema_file: SchemaFile | None = Field(default=None, alias="schema")
    """A curated schema in protobuf's text form; Thaw's own if left out."""

    def ingest(self) -> Ingest:
        """The options of ImageExampleGen, which its cache key holds."""
        return Ingest.model_validate(self.model_dump(include=set(Ingest.model_fields)))


class BackboneOptions(Options):
    """The pretrained backbone, and how it is used."""

    handle: Handle
    """A name that `thaw backbones` shows, the folder of a SavedModel, the address of one in
    Hub's compressed form, or Kaggle's short form."""
    allowed: Annotated[tuple[AllowedPrefix, ...], Field(min_length=1)] | None = None
    """Prefixes (absolute paths or addresses). The handle must lie under one of them, and also under
    one of those in the variable `THAW_ALLOWED_HANDLES` if that is set. Any handle if left out."""
    sha256: Annotated[str, BeforeValidator(_digest)] = ""
    """The digest of the module's files, which `thaw inspect` shows; any if left out."""
    image_size: Annotated[
        PositiveInt | tuple[PositiveInt, PositiveInt] | None, BeforeValidator(_size)
    ] = None
    """The size of the images in pixels, one number for a square or [height, width]; what the
    module takes if left out."""
    input_range: tuple[float, float] | None = None
    """The values of black and white. If left out, those of the named backbone, or of the
    version that Thaw pushed, and [0, 1] for others."""
    blocks: Patterns | None = None
    """Regular expressions that name the blocks: a variable's block is what a pattern matches in
    its name, or the pattern's first group. By the variables' names or the graph if left out."""

    @model_validator(mode="after")
    def _rising(self) -> "BackboneOptions":
        low, high = self.input_range or (0.0, 1.0)
        if low >= high:
            raise ValueError(f"input_range must rise, and is [{low:g}, {high:g}]; swap its ends")
        return self

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width); None if the config leaves it out."""
        if isinstance(self.image_size, int):
            return (self.image_size, self.image_size)
        return self.image_size


class Push(Options):
    """Where models go."""

    serving_dir: ServingFolder | None = None
    """The folder of the versions; `serving` in the root if left out."""
    keep: Annotated[Integer, Field(ge=2)] = 10
    """How many versions stay; pinned ones stay beside them."""
    lock_seconds: Annotated[FiniteFloat, Field(gt=0.0)] = 60.0
    """How many seconds this push waits while another push or rollback holds the folder."""
    exports: tuple[Literal["tflite_float16", "tflite_int8"], ...] = ()
    """The TensorFlow Lite files that go with a version, in its `assets.extra`."""
    min_agreement: Fraction = 0.98
    """The least share of test images on which a TensorFlow Lite file must give the model's
    label; a file with less is left out, and the summary says so."""


def _root_may_be_left_out(schema: dict[str, Any]) -> None:
    """In a file; ``loading`` fills it in."""
    schema["required"].remove("root")


class Config(Options):
    """All options. Only ``data.path`` and ``backbone.handle`` have no default."""

    model_config = ConfigDict(
        title="A configuration of Thaw", json_schema_extra=_root_may_be_left_out
    )

    data: Data
    """The images, and how they are ingested."""
    backbone: BackboneOptions
    """The pretrained backbone."""
    finetune: Finetune = Finetune()
    """The unfreeze schedule, and how all stages train."""
    evaluation: Evaluation = Evaluation()
    """What the gate asks of a candidate's answers."""
    infra: Infra = Infra()
    """What the gate asks of the candidate as it is served."""
    push: Push = Push()
    """Where models go."""
    retrain: Retrain = Retrain()
    """When `thaw retrain` trains again."""
    beam: Beam = Beam()
    """How Beam runs."""
    root: RootFolder
    """The folder that everything goes to. If left out, `.thaw/<config's name>` beside the
    config, or beside its folder if that is called `configs`."""
    # Where it was read from; set by ``loading``.
    _file: Path = PrivateAttr(default=Path("config.yaml"))
    _overrides: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _loses_no_class_unasked(self) -> "Config":
        if self.data.window and self.evaluation.lost_classes == "allow":
            raise ValueError(
                "evaluation.lost_classes: got allow, and with data.window a model would lose a "
                "class whenever the spans lack it; remove the key, and name a class that may go "
                "with thaw schema remove"
            )
        return self

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

    @property
    def golden_ingest(self) -> GoldenIngest | None:
        """The options by which the golden set is ingested; None where there is none."""
        golden = self.evaluation.golden
        return golden.ingest(self.data.ingest()) if golden else None

    @property
    def plugins(self) -> dict[str, str]:
        """The user's own code that is named in it, and for each the key that names it."""
        return {**self.data.plugins, **self.finetune.plugins, **self.evaluation.plugins}
