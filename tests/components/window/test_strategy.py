"""What the window gives to the nodes that train."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from components.records import spans
from components.window.strategy import WindowStrategy
from modules.errors import InputError
from tests.components.window.test_selection import record, window


@dataclass(frozen=True)
class Written:
    uri: str


def strategy(tmp_path: Path) -> WindowStrategy:
    spans.write(tmp_path / "spans.json", [record(1), record(2), record(3)])
    of_window = window(spans=1, older={"fraction": 0.5})
    return WindowStrategy(str(tmp_path / "spans.json"), of_window.model_dump_json())


def test_artifacts_are_given_span_after_span_whatever_their_order(tmp_path: Path) -> None:
    kinds = ("examples/3", "older/2", "examples/1", "older/1", "older/3")
    written = [Written(f"{tmp_path}/{name}") for name in kinds]
    resolved = strategy(tmp_path).resolve_artifacts(None, {"examples": written})
    assert resolved == {
        "examples": [Written(f"{tmp_path}/{name}") for name in ("older/1", "older/2", "examples/3")]
    }


def test_a_span_that_ml_metadata_does_not_know_is_not_left_out_in_silence(tmp_path: Path) -> None:
    written = [Written(f"{tmp_path}/{name}") for name in ("older/1", "examples/3")]
    with pytest.raises(InputError, match=r"names .*older/2, which ML Metadata does not know; run"):
        strategy(tmp_path).resolve_artifacts(None, {"examples": written})
