"""Recognizes what lies at a local handle by its files alone; nothing is loaded."""

import re
from pathlib import Path

from modules import model_layout

SAVED_MODEL = (model_layout.SAVED_MODEL, "saved_model.pbtxt")

_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_FORM = "a backbone is the folder of a TF2 SavedModel"
# Keras 3 reads HDF5 files of both generations, but not the older one's archives.
_NEWER = "keras.models.load_model({path!r}, compile=False).export(FOLDER)"
_OLDER = "tf_keras.models.load_model({path!r}, compile=False).save(FOLDER)"
_VERSION = re.compile(rb'"keras_version": "(\d+)')
_METADATA_BYTES = 1 << 16  # an archive begins with its metadata
_HUB_TF1 = "tfhub_module.pb"
_OTHER_FILES = {
    ".tflite": "TensorFlow Lite file",
    ".lite": "TensorFlow Lite file",
    ".onnx": "file for ONNX",
    ".pt": "file of PyTorch",
    ".pth": "file of PyTorch",
    ".safetensors": "file of weights alone",
    ".ckpt": "file of weights alone",
    ".index": "file of weights alone",
}


def problem_of(path: str) -> str:
    """Says why a local path is no backbone, with a remedy; empty if it looks like one.

    Args:
        path: the path of a file or a folder; it need not exist.
    """
    place = Path(path)
    if place.is_dir():
        return _problem_of_folder(place)
    if place.is_file():
        return _problem_of_file(place)
    near = next((parent for parent in place.parents if parent.exists()), place)
    if near == Path():
        return f"{path} does not exist in the current folder; correct the path"
    return f"{path} does not exist, though {near} does; correct the path"


def is_keras_file(path: Path) -> bool:
    """Whether ``model.save`` may have written a file: HDF5, or an archive called ``.keras``."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(8)
    return start == _HDF5 or (start.startswith(_ZIP) and path.suffix.lower() == ".keras")


def _problem_of_file(path: Path) -> str:
    if path.name.lower().endswith(".weights.h5"):
        return f"{path} is a file of weights alone; {_FORM}: save the whole model"
    if is_keras_file(path):
        return f"{path} is a Keras file, and {_FORM}; {_remedy(path)}"
    if path.name in SAVED_MODEL:
        return f"{path} is a file in a SavedModel's folder; give the folder, {path.parent}"
    with path.open("rb") as file:
        start = file.read(8)
    kind = _OTHER_FILES.get(path.suffix.lower())
    if start[4:] == b"TFL3":
        kind = _OTHER_FILES[".tflite"]
    if kind:
        return f"{path} is a {kind}, which cannot be fine-tuned here; {_FORM}"
    if start[:2] == b"\x1f\x8b" or path.suffix == ".tar":
        return f"{path} is an archive; unpack it, and give the folder"
    return f"{path} is a file, and {_FORM}; give one"


def _remedy(path: Path) -> str:
    """Returns the line of Python that makes a backbone of a Keras file, for its owner to run."""
    with path.open("rb") as file:
        version = _VERSION.search(file.read(_METADATA_BYTES))
    older = path.suffix.lower() == ".keras" and version is not None and version[1] == b"2"
    line = (_OLDER if older else _NEWER).format(path=str(path))
    return f"in Python, {line} makes one of it"


def _problem_of_folder(path: Path) -> str:
    names = {entry.name for entry in path.iterdir()}
    if not names:
        return f"{path} is an empty folder; give the folder of a TF2 SavedModel"
    if _HUB_TF1 in names:
        return (
            f"{path} is a module of the old TF1 Hub format, which cannot be fine-tuned; take the "
            "same network's TF2 form"
        )
    if names.intersection(SAVED_MODEL):
        return ""
    versions = sorted(
        (name for name in names if re.fullmatch(r"\d+", name) and _is_saved_model(path / name)),
        key=int,
    )
    if versions:
        return (
            f"{path} holds versions and is none; give one of {', '.join(versions[-5:])}, such as "
            f"{path / versions[-1]}"
        )
    inner = sorted(name for name in names if _is_saved_model(path / name))
    if inner:
        return f"{path} holds no saved_model.pb, but {path / inner[0]} does; give that folder"
    for name in sorted(names):
        file = path / name
        if is_keras_file(file):
            return f"{path} holds no saved_model.pb, but a Keras file, {name}; {_remedy(file)}"
        if file.is_file() and file.suffix.lower() in _OTHER_FILES:
            kind = _OTHER_FILES[file.suffix.lower()]
            return f"{path} holds no saved_model.pb, but {name}, a {kind}; {_FORM}"
    return f"{path} holds no saved_model.pb; {_FORM}: give one"


def _is_saved_model(path: Path) -> bool:
    return any((path / name).is_file() for name in SAVED_MODEL)
