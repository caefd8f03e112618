"""Settings for other programs do not affect Thaw."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import PROJECT

SHOWN = """
import json, os, pwd

def nobody(number):
    raise KeyError(number)

if "HOME" not in os.environ:
    pwd.getpwuid = nobody  # The user of a container may be in no list of users.
import modules
"""


def told_by(code: str, **environment: str) -> object:
    """What a process prints as JSON, with this environment and no more."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SHOWN + code],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_another_keras_and_its_defaults_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / ".keras").mkdir()
    settings = {"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"}
    path = tmp_path / ".keras" / "keras.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    code = """
import tensorflow, tf_keras, keras
both = (tf_keras.backend, keras.backend)
print(json.dumps([tensorflow.keras.layers.Dense.__module__.split(".")[0], keras.backend.backend(),
    [one.floatx() for one in both], [one.image_data_format() for one in both]]))
"""
    messages = told_by(
        code,
        HOME=str(tmp_path),
        KERAS_BACKEND="torch",
        KERAS_MAX_EPOCHS="1",
        TF_USE_LEGACY_KERAS="0",
    )
    assert messages == ["tf_keras", "tensorflow", ["float32"] * 2, ["channels_last"] * 2]
    assert json.loads(path.read_text(encoding="utf-8")) == settings


def test_no_variable_of_keras_reaches_what_thaw_starts() -> None:
    code = "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('KERAS')}))"
    messages = told_by(code, KERAS_HOME="/mine", KERAS_MAX_STEPS_PER_EPOCH="2", HOME="/")
    assert messages == {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": "/dev/null/keras"}


def test_a_user_without_a_home_can_import_what_a_run_imports() -> None:
    assert told_by("import nltk\nprint(json.dumps(os.path.expanduser('~')))") == os.devnull
