"""The process that serves the candidate: ``python -m components.infra_check.probe FOLDER``.

The folder holds a ``Job``, and gets a report. A crash or a hang of the model ends this process, not
the pipeline's.
"""

import faulthandler
import os
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The pipeline's own process may hold the rest of a GPU's memory.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

from pathlib import Path

from components.infra_check import checks
from components.infra_check.client import Client, served
from components.infra_check.job import Job
from components.infra_check.measure import memory_mb, milliseconds, percentiles
from components.infra_check.report import CheckResult, Reporter
from components.infra_check.servable import Servable
from components.subprocess_runner import watch_parent
from modules import features

_TIMED_SECONDS = 20.0  # slow models are timed by fewer requests


def probe(job: Job, report: Reporter) -> None:
    """Does all checks, and goes on after a failed one where the next can still be done."""
    loaded: list[Servable] = []

    def load() -> CheckResult:
        started = time.perf_counter()
        servable = Servable(job.model)
        inputs = servable.inputs()
        seconds = round(time.perf_counter() - started, 3)
        report.measured("load_seconds", seconds)
        if list(inputs) != [features.IMAGE_BYTES]:
            return [f"the signature takes {list(inputs)}, not {features.IMAGE_BYTES}"], ""
        loaded.append(servable)
        return [], f"in {seconds:g} s"

    if report.check("loaded", load):
        memory = memory_mb()["now"]
        _serve(loaded[0], job, report)
        report.measured("memory_mb", {"loaded": memory, "peak": memory_mb()["peak"]})
    report.end()


def _serve(servable: Servable, job: Job, report: Reporter) -> None:
    """Everything that takes a loaded model."""
    if not report.check("warm-up", lambda: _warm_up(servable)):
        return
    with served(servable) as client:
        if not report.check("grpc", lambda: checks.grpc(client, job)):
            return
        report.check("rest", lambda: checks.rest(client, job))
        report.check("batches", lambda: checks.batches(client, job))
        report.check("broken bytes", lambda: checks.broken_bytes(client, job))
        report.check("parity", lambda: _parity(client, job, report))
        report.check("latency", lambda: _latency(client, job, report))


def _warm_up(servable: Servable) -> CheckResult:
    started = time.perf_counter()
    count = servable.warm_up()
    seconds = time.perf_counter() - started
    return [], f"{count} requests in {seconds:.3g} s" if count else "the model brings no requests"


def _parity(client: Client, job: Job, report: Reporter) -> CheckResult:
    result, numbers = checks.parity(client, job)
    report.measured("parity", numbers)
    return result


def _latency(client: Client, job: Job, report: Reporter) -> CheckResult:
    """Times requests of one image, of all images in turn."""
    images = [job.samples[number % len(job.samples)].image for number in range(job.requests)]
    calls = [partial(client.by_grpc, [image]) for image in images]
    times = milliseconds(calls, _TIMED_SECONDS)
    latency = {**percentiles(times), "requests": len(times)}
    report.measured("latency_ms", latency)
    return [], f"{latency['p50']:g} ms, one in a hundred more than {latency['p99']:g} ms"


if __name__ == "__main__":
    watch_parent()
    folder = Path(sys.argv[1])
    to_do = Job.read(folder)
    # Ends this process even if native code hangs and the pipeline is gone.
    faulthandler.dump_traceback_later(to_do.seconds, exit=True)
    probe(to_do, Reporter(folder))
