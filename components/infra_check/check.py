"""Runs the probe in a process of its own and turns its fate into an outcome."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROBE = "components.infra_check.probe"


@dataclass(frozen=True)
class Outcome:
    """Whether the model can be served, and why not.

    ``milliseconds`` is the median latency of one image, None where it was not measured.
    """

    problems: tuple[str, ...]
    milliseconds: float | None = None

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def check(model: str, examples: str, timeout: float, command: tuple[str, ...] = ()) -> Outcome:
    """Has a fresh process load the model and answer requests.

    Args:
        model: a SavedModel's folder.
        examples: a pattern of TFRecord files whose images are sent.
        timeout: seconds after which the model counts as hung.
        command: what to run instead of the probe, with ``model`` and ``examples`` behind it.
    """
    run = command or (sys.executable, "-m", PROBE)
    try:
        done = subprocess.run(
            [*run, os.path.abspath(model), os.path.abspath(examples)],
            # -m looks into the current folder first, which may hold a package of the same name.
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome((f"the model gave no answer within {timeout:g} s",))
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Outcome((f"the model's process ended with {done.returncode}: {last[:300]}",))
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    return Outcome(tuple(answer["problems"]), answer["milliseconds"])
