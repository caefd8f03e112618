"""Chooses the baseline of a candidate: the version that a server would pick."""

from pathlib import Path

from components.records.baseline import BaselineChoice
from components.serving import versions


def choose(serving_dir: Path, candidate: str) -> BaselineChoice:
    """The version with the highest number, which TensorFlow Serving serves; a rollback changes it.

    If that version is the candidate itself, because nothing has changed since its model was pushed,
    the choice is what the candidate was compared with then. So the Evaluator's inputs stay the
    same: the run evaluates nothing again, and pushes nothing again.

    Args:
        serving_dir: the folder of the versions.
        candidate: the candidate's artifact, as a version's note names it under ``MODEL``.
    """
    numbers = versions.list_versions(serving_dir)
    if not numbers:
        return BaselineChoice(None, "", "there is no baseline yet")
    newest = numbers[-1]
    note = versions.read_note(serving_dir, newest)
    if note.get(versions.MODEL) == candidate and versions.BASELINE in note:
        return BaselineChoice.of_text(str(note[versions.BASELINE]))
    folder = str(serving_dir / str(newest))
    return BaselineChoice(newest, folder, f"version {newest} is the one served")
