"""Runs the probe in a process of its own, and makes an outcome of how that ends."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.infra_check import report
from components.infra_check.job import Job, Sample
from components.infra_check.measure import size_mb
from components.infra_check.outcome import Check, Outcome, bounds
from components.subprocess_runner import End, run
from modules import model_layout
from modules.settings import Infra
from modules.text import clipped

PROBE = "components.infra_check.probe"
# Odd ones, and one more than what goes through the model at once.
_BATCHES = (1, 3, 7, model_layout.IMAGES_AT_ONCE + 1)
_GRACE = 60.0  # seconds that the probe waits to be ended before it ends itself


def check(
    model: str, samples: Sequence[Sample], options: Infra, command: tuple[str, ...] = ()
) -> Outcome:
    """Has a fresh process serve the model and answer requests.

    Args:
        model: a SavedModel's folder.
        samples: the images that are sent.
        options: what is asked.
        command: what to run instead of the probe, with the job's folder behind it.
    """
    try:
        labels = model_layout.read_labels(Path(model))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"the model's labels cannot be read: {clipped(str(error))}; train it again"
        return Outcome((Check("loaded", (problem,)),))
    if not samples:
        problem = "the test split holds no image that could be sent; add images"
        return Outcome((Check("loaded", (problem,)),))
    measured = {"size_mb": size_mb(model)}
    with tempfile.TemporaryDirectory(prefix="thaw-infra-") as name:
        folder = Path(name)
        job = Job(
            model=os.path.abspath(model),
            labels=labels,
            samples=samples,
            batches=_BATCHES,
            requests=options.requests,
            tolerance=options.tolerance,
            seconds=options.load_seconds + _GRACE,
        )
        job.write(folder)
        end = run(command or (sys.executable, "-m", PROBE), folder, options.load_seconds)
        reported = report.read(folder)
        fate = _fate(end, reported, options.load_seconds)
    measured |= reported.measured
    checks = (*reported.checks, *([fate] if fate else []), bounds(measured, options))
    return Outcome(checks, measured)


def _fate(end: End, reported: report.Report, seconds: float) -> Check | None:
    """What is wrong with how the process ended."""
    at = f"while at '{reported.doing}'" if reported.doing else "before it had loaded anything"
    if end.code is None:
        problem = (
            f"the model gave no answer within {seconds:g} s, {at}; make it smaller, or allow more "
            "in infra.load_seconds"
        )
    elif end.signal:
        problem = f"the model's process was ended by {end.signal} {at}"
        if -end.code == signal.SIGKILL:
            problem += "; the system does so when memory runs out: take a smaller backbone"
    elif end.code > 0:
        said = clipped(end.said) or "no message"
        problem = f"the model's process ended with {end.code} {at}: {said}"
    elif not reported.whole:
        problem = f"the model's process ended {at}, without having done all checks"
    else:
        return None
    return Check("process", (problem,))
