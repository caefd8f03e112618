"""The probe's job, in a folder that one process writes and the other reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]

_FILE = "job.json"


@dataclass(frozen=True, eq=False)
class Sample:
    """An image to send.

    Attributes:
        image: its file's bytes.
        scores: what the Evaluator saw, float32 [classes]; None where that is not known.
    """

    image: bytes
    scores: Scores | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """What the probe is to do.

    Attributes:
        model: the SavedModel's folder.
        labels: of the classes, in the order of the scores.
        samples: at least one.
        batches: sizes of batches that must be answered as their images are alone.
        requests: how many are timed.
        tolerance: how far a score may lie from another of the same image.
        seconds: after which the process ends itself, if nothing else does.
    """

    model: str
    labels: Sequence[str]
    samples: Sequence[Sample]
    batches: Sequence[int]
    requests: int
    tolerance: float
    seconds: float

    def write(self, folder: Path) -> None:
        """Writes ``job.json``, and each image as a file beside it."""
        for number, sample in enumerate(self.samples):
            (folder / f"{number}.image").write_bytes(sample.image)
        scores = [
            None if sample.scores is None else sample.scores.tolist() for sample in self.samples
        ]
        fields = {**vars(self), "samples": scores}
        (folder / _FILE).write_text(json.dumps(fields), encoding="utf-8")

    @staticmethod
    def read(folder: Path) -> "Job":
        """The job that ``write`` wrote."""
        fields = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        samples = [
            Sample(
                (folder / f"{number}.image").read_bytes(),
                None if scores is None else np.array(scores, np.float32),
            )
            for number, scores in enumerate(fields.pop("samples"))
        ]
        return Job(**fields, samples=samples)
