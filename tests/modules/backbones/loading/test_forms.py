"""A local handle is recognised by its files, before anything is loaded."""

from pathlib import Path

import pytest

from modules.backbones.loading.forms import problem_of

HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(8)
ZIP = b"PK\x03\x04" + b'metadata.json{"keras_version": "3.12.4"}'
OLD_ZIP = b"PK\x03\x04" + b'metadata.json{"keras_version": "2.16.0"}'


def with_files(folder: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.keras", ZIP, "is a Keras file, and a backbone is the folder of a TF2 SavedModel; in "
         "Python, keras.models.load_model("),
        ("m.keras", OLD_ZIP, "in Python, tf_keras.models.load_model("),
        ("m.h5", HDF5, "is a Keras file"),
        ("m", HDF5, "is a Keras file"),
        ("m.weights.h5", HDF5, "is a file of weights alone; a backbone is the folder of a TF2"),
        ("m.tflite", b"", "is a TensorFlow Lite file, which cannot be fine-tuned here"),
        ("model.bin", b"\x1c\0\0\0TFL3", "is a TensorFlow Lite file"),
        ("m.onnx", b"x", "is a file for ONNX"),
        ("m.pth", ZIP, "is a file of PyTorch"),
        ("m.tar.gz", b"\x1f\x8b\x08", "is an archive; unpack it, and give the folder"),
        ("saved_model.pb", b"x", "is a file in a SavedModel's folder; give the folder, "),
        ("notes.txt", b"x", "is a file, and a backbone is the folder of a TF2 SavedModel; give"),
        ("empty", b"", "is a file, and a backbone"),
    ],
)  # fmt: skip
def test_a_message_names_the_kind_of_a_file(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    problem = problem_of(str(tmp_path / name))
    assert problem.startswith(f"{tmp_path / name} ")
    assert words in problem


def test_a_saved_models_folder_looks_like_a_backbone(tmp_path: Path) -> None:
    assert problem_of(str(with_files(tmp_path / "a", saved_model_dot_pb=b"x"))) == ""
    assert problem_of(str(with_files(tmp_path / "b", saved_model_dot_pbtxt=b"x"))) == ""


def test_a_missing_path_is_reported_with_its_nearest_existing_folder(tmp_path: Path) -> None:
    problem = problem_of(str(tmp_path / "a" / "b"))
    assert (
        problem
        == f"{tmp_path / 'a' / 'b'} does not exist, though {tmp_path} does; correct the path"
    )
    assert problem_of("no_such") == "no_such does not exist in the current folder; correct the path"


def test_an_empty_folder_is_reported_as_empty(tmp_path: Path) -> None:
    assert problem_of(str(tmp_path)).startswith(f"{tmp_path} is an empty folder; give")


def test_a_module_of_tf1s_hub_is_recognised(tmp_path: Path) -> None:
    with_files(tmp_path, saved_model_dot_pb=b"x", tfhub_module_dot_pb=b"\x08\x03")
    assert "is a module of the old TF1 Hub format" in problem_of(str(tmp_path))


def test_for_a_folder_of_versions_the_message_names_the_newest(tmp_path: Path) -> None:
    for version in ("9", "10"):
        with_files(tmp_path / version, saved_model_dot_pb=b"x")
    (tmp_path / "11").mkdir()
    problem = problem_of(str(tmp_path))
    assert (
        problem
        == f"{tmp_path} holds versions and is none; give one of 9, 10, such as {tmp_path}/10"
    )


def test_for_a_folder_around_a_model_the_message_names_the_model(tmp_path: Path) -> None:
    with_files(tmp_path / "inner", saved_model_dot_pb=b"x")
    assert f"but {tmp_path / 'inner'} does; give that" in problem_of(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.keras", ZIP, "but a Keras file, m.keras; in Python"),
        ("m.tflite", b"", "but m.tflite, a TensorFlow Lite file"),
        ("README.md", b"", "holds no saved_model.pb; a backbone is the folder"),
    ],
)
def test_for_another_folder_the_message_names_what_it_contains(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in problem_of(str(tmp_path))
