"""Which labels and formats the spans of a continuous config may have: written at the first push."""

import json
from pathlib import Path

from components.records import domains
from components.records.domains import Domains
from components.records.spans import THAW
from components.records.summary import SUMMARY_FILE
from components.serving import versions
from modules import features, model_layout
from pipeline.configuration.config import Config
from pipeline.state.root import Root


def establish(config: Config) -> Domains | None:
    """What spans may have; where no file says so yet, it is written from the served version.

    A run calls this when it begins and when it has pushed, so nothing is lost if it is killed
    between the push and the writing. The caller holds the root.

    Args:
        config: as loaded.

    Returns:
        The labels that the first pushed model knew and the formats of its images, with all that was
        accepted or removed since. None before the first push, and for a config without a window.

    Raises:
        InputError: when the file is damaged, or the root cannot be written.
        StageError: when the root's disk is full.
    """
    if config.data.window is None:
        return None
    root = Root(config.root)
    current = domains.read(root.schema)
    numbers = versions.list_versions(config.serving_dir)
    if current is not None or not numbers:
        return current
    folder = config.serving_dir / str(numbers[-1])
    if not model_layout.has_labels(folder):  # Another program has put it there.
        return None
    values = {features.LABEL: tuple(model_layout.read_labels(folder))}
    if formats := _formats(folder):
        values[features.FORMAT] = formats
    result = Domains({}).changed(
        "establish", values, by=THAW, at=versions.utc_now(), reason=f"version {numbers[-1]}"
    )
    try:
        domains.write(root.schema, result)
    except OSError as error:
        raise root.unwritable(error) from None
    return result


def removed_labels(config: Config) -> set[str] | None:
    """The classes that a person removed; None for a config without a window."""
    if config.data.window is None:
        return None
    current = domains.read(Root(config.root).schema)
    return current.removed_labels() if current else set()


def _formats(version: Path) -> tuple[str, ...]:
    """The formats of the images that a version was trained on; empty where it does not say."""
    try:
        summary = json.loads((version / model_layout.EXTRA / SUMMARY_FILE).read_text("utf-8"))
        return tuple(sorted(summary["data"]["formats"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
