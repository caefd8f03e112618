"""The README's first command, as it is, with whichever kernels the environment asks for."""

import os
from pathlib import Path

import pytest

from tests.e2e.thaw import DIGITS, alone, summary_in

pytestmark = [pytest.mark.e2e, pytest.mark.kernels]


def test_the_first_run_pushes_a_model_whatever_the_kernels(tmp_path: Path) -> None:
    done = alone("run", DIGITS, "--root", tmp_path)
    assert done.code == 0, done.out + done.err
    summary = summary_in(tmp_path)
    kernels = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "unset")
    assert (summary["status"], summary["gate"]["verdict"]) == ("pushed", "blessed"), kernels
    assert summary["metrics"]["candidate"]["overall"]["accuracy"] >= 0.95
    assert summary["infra"]["passed"], summary["infra"]["problems"]
    assert f"pushed version {summary['model_version']}" in done.out
