"""Whether a served version can be evaluated beside a candidate."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from components.serving.compatibility import problem_of, problem_of_loading
from tests.conftest import GLYPHS


@pytest.mark.parametrize(
    ("corrupt", "problem"),
    [
        (lambda folder: (folder / "saved_model.pb").unlink(), "holds no saved_model.pb"),
        (lambda folder: (folder / "saved_model.pb").write_bytes(b"\xff\xff"), "cannot be read"),
        (lambda folder: None, "Thaw did not export it"),
    ],
)
def test_a_versions_files_say_that_it_cannot_be_evaluated(
    tmp_path: Path, corrupt: Callable[[Path], object], problem: str
) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path))
    corrupt(tmp_path)
    assert problem in problem_of(tmp_path)


def test_loading_a_version_says_that_its_weights_are_missing(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path))
    assert problem_of_loading(tmp_path) == ""
    (tmp_path / "saved_model.pb").write_bytes((GLYPHS / "saved_model.pb").read_bytes())
    assert "cannot be loaded" in problem_of_loading(tmp_path)
