"""Measures Thaw's own pipeline on the photos, from the images to the first training step.

    python -m benchmarks.input_side

It is the counterpart of ``benchmarks.stock``: ExampleGen, StatisticsGen, the checks, Transform and
the start of Trainer, whose first step, of the whole backbone, ends the run. The last line printed
is a JSON object: ``seconds`` from the command's start, imports included; ``written_mb``, all files
written, in millions of bytes; ``peak_mb``.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import modules  # noqa: F401 chooses Keras 2 before TensorFlow is imported

# isort: split

from benchmarks.measure import bytes_in
from modules.errors import StageError
from modules.finetune import stage_run, steps
from pipeline.configuration import loading
from pipeline.runners import local
from pipeline.state.node_records import peak_rss_mb

CONFIG = Path(__file__).parent.parent / "configs" / "sign_language.yaml"
STAGES = "finetune.stages=[{name: all, unfreeze: all, epochs: 1}]"


class FirstStepTakenError(Exception):
    """Ends the run."""


def _first_step(step: Any) -> Any:
    steps_of = steps.train_steps(step)

    def run(batches: Any, count: int) -> Any:
        steps_of(batches, 1)
        raise FirstStepTakenError

    return run


def main() -> None:
    """Entry point."""
    setattr(stage_run, "train_steps", _first_step)  # noqa: B010
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        config = loading.load(CONFIG, [STAGES], Path(folder) / "root")
        try:
            local.run(config)
        except StageError as error:
            if not isinstance(error.__cause__, FirstStepTakenError):
                raise
        result = {
            "seconds": time.monotonic() - started,
            "written_mb": bytes_in(Path(folder)) / 1e6,
            "peak_mb": peak_rss_mb(),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
