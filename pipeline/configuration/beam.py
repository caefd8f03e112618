"""How Beam runs: the flags of every Beam pipeline."""

import os
from typing import Annotated, Literal

from pydantic import Field, model_validator

from modules.settings import Integer, Options

# Measured with benchmarks/ingest.py: one process keeps 1.7 cores busy, and two workers on two cores
# take twice as long for 10,000 images, since each imports Beam and TensorFlow.
_CORES_OF_ONE_PROCESS = 2


class Beam(Options):
    """How Beam runs."""

    mode: Literal["in_memory", "multi_processing"] = "in_memory"
    """`in_memory` runs one worker in the run's own process, which suits most: starting others
    takes longer than a few thousand images. `multi_processing` starts further processes."""
    workers: Annotated[Integer, Field(ge=0)] = 0
    """The number of workers of `multi_processing`. 0 for one a core; on one or two cores that
    is the run's own process, whose threads use both."""
    args: tuple[str, ...] = ()
    """Further flags for Beam; another `--runner` sends the work elsewhere."""

    @model_validator(mode="after")
    def _runner_keeps_all_data(self) -> "Beam":
        if any("daskrunner" in flag.lower() for flag in self.args):
            raise ValueError(
                "args names Beam's DaskRunner, which reports success with data missing; leave it "
                "out, or name another runner"
            )
        return self

    def pipeline_args(self) -> list[str]:
        """The flags that every Beam pipeline gets.

        FnApiRunner is the direct engine itself; Beam's newer DirectRunner first tries to download
        another engine, whatever the flags say.
        """
        if any(flag.startswith("--runner") for flag in self.args):
            return list(self.args)
        workers = self.workers or os.cpu_count() or 1
        single = self.mode == "in_memory" or (not self.workers and workers <= _CORES_OF_ONE_PROCESS)
        return [
            "--runner=FnApiRunner",
            f"--direct_running_mode={'in_memory' if single else self.mode}",
            f"--direct_num_workers={1 if single else workers}",
            # Not used by this runner; without it TFX packs itself for remote workers, a second
            # for each Beam pipeline.
            "--sdk_container_image=unused",
            *self.args,
        ]
