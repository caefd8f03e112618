"""Where things lie in an exported model."""

import subprocess
import sys
from pathlib import Path

from modules import model_layout
from tests.conftest import PROJECT


def test_labels_of_any_text_are_read_back(tmp_path: Path) -> None:
    labels = ["a b", "浴室", "x\u2028y", "#"]
    model_layout.write_labels(labels, tmp_path)
    assert model_layout.read_labels(tmp_path) == labels
    assert model_layout.has_labels(tmp_path)


def test_the_layout_of_a_model_loads_no_tensorflow() -> None:
    code = "import sys, modules.model_layout; print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout == "False\n"
