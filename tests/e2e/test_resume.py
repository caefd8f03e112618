"""A run that is killed outright, again and again, ends with the model of one that was not."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.e2e.thaw import DIGITS, THAW, summary_in, thaw

pytestmark = pytest.mark.e2e

KILLS = 5
STAGES = (
    "finetune.stages=["
    "{name: head, epochs: 4, learning_rate: 0.003, dropout: 0.1},"
    "{name: partial, unfreeze: {last: 2}, epochs: 5, early_stopping: null, ema: 0.95,"
    " augmentation: {crop: 0.8, rand_augment: {magnitude: 3}}, layer_decay: 0.7,"
    " learning_rate: {peak: 0.001, warmup_epochs: 1, decay: cosine}},"
    "{name: full, unfreeze: all, epochs: 4, early_stopping: null, learning_rate: 0.0003,"
    " batch_norm: {statistics: update}, optimizer: {name: adamw, weight_decay: 0.01}}]"
)


def kill_after(root: Path, epochs: int, delay: float) -> bool:
    """Starts a run and kills it, with all that it started, some time after so many epochs.

    Returns:
        Whether it was still running.
    """
    process = subprocess.Popen(
        [str(THAW), "run", str(DIGITS), "--root", str(root), "--set", STAGES],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process:
        seen = 0
        for line in process.stdout:
            seen += "epoch=" in line
            if seen >= epochs and ("transform" in line or "epoch=" in line):
                break
        time.sleep(delay)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
    return alive


def weights(root: Path) -> list[Any]:
    """The served model's variables, in the order of the SavedModel."""
    summary = summary_in(root)
    served = root / "serving" / str(summary["model_version"])
    model = tf.saved_model.load(str(served))
    return [variable.numpy() for variable in model.variables_in_use]


def test_five_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    done = thaw("run", DIGITS, "--root", whole, "--set", STAGES)
    assert done.code == 0, done.out + done.err
    expected = summary_in(whole)
    assert not any(stage["resumed"] for stage in expected["stages"])
    assert not (whole / "checkpoints").exists()

    killed, moments = tmp_path / "killed", random.Random(4)
    for _ in range(KILLS):
        assert kill_after(killed, moments.randrange(4), 2 * moments.random())
    done = thaw("run", DIGITS, "--root", killed, "--set", STAGES)
    assert done.code == 0, done.out + done.err
    found = summary_in(killed)
    assert found["status"] == "pushed"
    assert any(stage["resumed"] for stage in found["stages"])
    for stage, other in zip(found["stages"], expected["stages"], strict=True):
        for key in ("name", "epochs", "best_epoch", "stopped_by", "shipped"):
            assert stage[key] == other[key]
        np.testing.assert_allclose(stage["train_loss"], other["train_loss"], rtol=1e-4)
    assert found["shipped"]["stage"] == expected["shipped"]["stage"]
    for value, other in zip(weights(killed), weights(whole), strict=True):
        np.testing.assert_allclose(value, other, rtol=0, atol=1e-5)
    assert not (killed / "checkpoints").exists()
