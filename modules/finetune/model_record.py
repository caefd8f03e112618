"""What an export says of its weights, and what a training starts from; imports no TensorFlow.

A version that is served is a starting point for the next training if its weights mean the same
there. ``ModelRecord`` holds what that depends on, and lies beside the model.
"""

from pathlib import Path

from pydantic import ValidationError

from modules import model_layout
from modules.settings import Head, ImageSpec, Options

_START = "start.json"
_MOST_BYTES = 1 << 24


class VariableRecord(Options):
    """A variable of an exported model.

    Attributes:
        name: as the module or the head names it.
        shape: the length of each dimension.
        dtype: TensorFlow's name, such as ``float32``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


class Base(Options):
    """The model that a training is to start from.

    Attributes:
        version: its number; None for none.
        sha256: digest of its weights and their record; empty where there are none to start from.
        reason: why it is this one, or why there is none.
    """

    version: int | None = None
    sha256: str = ""
    reason: str


class Start(Options):
    """What Trainer gets from the node before it.

    Attributes:
        task: fingerprint of the data, the code and the config that are trained with.
        base: the model to start from.
    """

    task: str
    base: Base


class ModelRecord(Options):
    """What an export says of its weights, in ``model_layout.MODEL``.

    Attributes:
        backbone: the sha256 of the module that was fine-tuned.
        image: what the image function computes.
        head: the head's options.
        variables: all variables in the order of the checkpoint: number N has there the key
            ``variables_in_use/N/.ATTRIBUTES/VARIABLE_VALUE``.
        start: what the training got to start from; None if the config asked for no warm start.
    """

    backbone: str
    image: ImageSpec
    head: Head
    variables: tuple[VariableRecord, ...]
    start: Start | None = None


def write(record: ModelRecord, folder: Path) -> None:
    """Writes the record into the folder of an exported model."""
    path = folder / model_layout.MODEL
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(record.model_dump_json(indent=1), encoding="utf-8")


def read(folder: Path) -> ModelRecord:
    """Reads the record of an exported model.

    Raises:
        OSError: when the file cannot be read.
        ValueError: when it is not as Thaw writes it.
    """
    with (folder / model_layout.MODEL).open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    try:
        return ModelRecord.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{model_layout.MODEL} is not as Thaw writes it") from error


def write_start(start: Start, folder: Path) -> None:
    """Writes into a folder what a training is to start from, beside the base's files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _START).write_text(start.model_dump_json(indent=1), encoding="utf-8")


def read_start(folder: Path) -> Start:
    """What ``write_start`` wrote."""
    return Start.model_validate_json((folder / _START).read_bytes())
