"""Which model is the baseline of a candidate: the version that serving would pick."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from components.serving import versions

BASELINE_FILE = "baseline.json"
NOTE_KEY = "baseline"  # of a version's note: what it was compared with when it was judged


@dataclass(frozen=True)
class Choice:
    """The baseline.

    Attributes:
        version: its number; None for none.
        folder: the SavedModel; empty for none.
        reason: why it is this one, or why there is none.
    """

    version: int | None
    folder: str
    reason: str

    def as_text(self) -> str:
        """JSON, the same for the same choice: TFX's cache goes by it."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def of_text(text: str) -> "Choice":
        """What ``as_text`` wrote."""
        return Choice(**json.loads(text))


def choose(serving_dir: Path, candidate: str) -> Choice:
    """The version with the highest number, which TensorFlow Serving picks.

    So a rollback changes it. Where it is the candidate itself, because the run changed nothing
    since its model was pushed, it is what the candidate was compared with then: the Evaluator's
    inputs are the same again, so that it is not run, and nothing is pushed, twice.

    Args:
        serving_dir: the folder of the versions.
        candidate: where the candidate lies, as its note would say.
    """
    numbers = versions.list_versions(serving_dir)
    if not numbers:
        return Choice(None, "", "there is no baseline yet")
    newest = numbers[-1]
    note = versions.read_note(serving_dir, newest)
    if note.get(versions.MODEL) == candidate and NOTE_KEY in note:
        return Choice.of_text(str(note[NOTE_KEY]))
    return Choice(newest, str(serving_dir / str(newest)), f"version {newest} is the one served")
