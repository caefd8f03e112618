"""``thaw retrain``: what it prints and leaves, with the graphs' work played by functions."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.records import spans
from modules.errors import BusyError, InputError, StageError
from pipeline.cli.app import app
from pipeline.configuration.config import Config
from pipeline.continuous.decision import decisions
from pipeline.continuous.decision.decisions import Decision
from pipeline.continuous.spans.scan import options_digest
from pipeline.state.root import Root
from tests.conftest import GLYPHS, PROJECT
from tests.pipeline.cli.played_graphs import (
    Played,
    add_span,
    config_of,
    entered,
    played,
    retrain,
    served,
    state_of,
)

__all__ = ["config_of", "played", "served"]  # the fixtures


def test_nothing_new_is_one_line_each_time_and_leaves_a_line_of_the_decisions_alone(
    served: Config, played: Played
) -> None:
    before = set(state_of(served.root))
    for _ in range(3):
        result = retrain(served)
        assert result.exit_code == 0
        assert result.output == "nothing new: 2 spans, the latest is 2; version 7 is served\n"
    root = Root(served.root)
    left = {Path(path).name for path in set(state_of(served.root)) - before}
    assert left <= {root.decisions.name, "owner.json", "run.lock"}
    assert [each.answer for each in entered(served)] == ["no"] * 3
    assert (played.taken, played.trained) == ([], [])


def test_nothing_new_takes_less_than_5_seconds_and_loads_no_tensorflow(served: Config) -> None:
    code = (
        "import sys\n"
        "from pipeline.cli import main\n"
        f"sys.argv = ['thaw', 'retrain', {str(served.file)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    print('ended', end.code)\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert time.monotonic() - started < 5.0
    assert done.stdout.splitlines()[1:] == ["ended 0", "[]"]
    assert done.stdout.startswith("nothing new: 2 spans")
    assert done.stderr == ""


def test_a_new_span_is_ingested_and_trained_on_while_the_root_is_held(
    served: Config, played: Played
) -> None:
    add_span(served, 3)
    result = retrain(served)
    assert result.exit_code == 0, result.output
    (decision,) = entered(served)
    assert (decision.answer, decision.new_spans) == ("yes", (3,))
    assert [span.span for span in decision.spans] == [2, 3]
    assert (played.taken, played.trained) == ([[3]], [decision.run_id])
    assert retrain(served).output.startswith("nothing new: 3 spans, the latest is 3; version 7")


def test_a_training_that_failed_is_due_again_without_ingesting_again(
    served: Config, played: Played
) -> None:
    add_span(served, 3)
    played.end = StageError("trainer failed: the disk is full")
    assert isinstance(retrain(served).exception, StageError)
    played.end = "pushed"
    assert retrain(served).exit_code == 0
    assert played.taken == [[3], []]
    assert [each.answer for each in entered(served)] == ["yes", "yes"]
    assert retrain(served).output.startswith("nothing new")


def test_a_model_that_the_gate_refused_is_status_3_once(served: Config, played: Played) -> None:
    add_span(served, 3)
    played.end = "rejected"
    assert retrain(served).exit_code == 3
    result = retrain(served)
    assert (result.exit_code, len(played.trained)) == (0, 1)


def test_where_no_trigger_is_met_there_is_no_training(served: Config, played: Played) -> None:
    add_span(served, 3)
    result = retrain(served, "--set", "retrain.when=[{new_images: 100}]")
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "no training is due: 8 images are new to the served model (bound 100); version 7 is "
        "served\n"
    )
    assert (played.taken, played.trained) == ([[3]], [])
    assert [each.answer for each in entered(served)] == ["no"]


def test_an_invalid_span_is_told_and_entered_and_nothing_is_trained(
    served: Config, played: Played
) -> None:
    add_span(served, 3)
    played.invalid_because = "span 3: it has a new class"
    result = retrain(served)
    assert isinstance(result.exception, InputError)
    assert str(result.exception) == "span 3: it has a new class"
    (decision,) = entered(served)
    assert (decision.answer, decision.sentence) == ("no", "span 3: it has a new class")
    assert played.trained == []


def test_an_invalid_span_that_is_the_same_leaves_no_run(served: Config, played: Played) -> None:
    root = Root(served.root)
    records = spans.read(root.spans)
    changes = {
        "state": "invalid",
        "artifacts": {},
        "reason": "it has a new class",
        "options_digest": options_digest(served, is_invalid=True),
    }
    spans.write(root.spans, {**records, 2: records[2].model_copy(update=changes)})
    result = retrain(served)
    assert str(result.exception) == "span 2 is invalid as before: it has a new class"
    assert not root.runs.exists()
    assert [each.sentence for each in entered(served)] == [str(result.exception)]
    assert played.taken == []


def test_json_is_the_decision_alone(served: Config, played: Played, capfd: Any) -> None:
    add_span(served, 3)
    result = retrain(served, "--json")
    assert Decision.model_validate_json(result.stdout) == entered(served)[0]
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "training is due: span 3 is new; version 7 is served" in shown.err
    assert json.loads(retrain(served, "--json").stdout)["answer"] == "no"


def test_a_dry_run_decides_and_writes_nothing(
    served: Config, played: Played, tmp_path: Path
) -> None:
    add_span(served, 3)
    before = state_of(tmp_path)
    result = retrain(served, "--dry-run", "--json")
    decision = Decision.model_validate_json(result.output)
    assert (decision.answer, decision.run_id) == ("yes", None)
    assert decision.sentence == (
        "training is due: span 3 has come; version 7 is served; span 3 would be ingested first, "
        "and counts if it is accepted"
    )
    assert state_of(tmp_path) == before
    assert (played.taken, played.trained) == ([], [])


def test_a_dry_run_on_a_new_root_makes_no_folder(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1"])
    before = state_of(tmp_path)
    result = retrain(config, "--dry-run")
    assert result.output == (
        "training is due: no version is served; span 1 has come; span 1 would be ingested first, "
        "and counts if it is accepted\n"
    )
    assert state_of(tmp_path) == before


def test_a_full_disk_is_one_line_and_nothing_is_done(
    served: Config, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, decision: Decision) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(decisions, "append", full)
    assert "no space is left on the disk" in str(retrain(served).exception)
    add_span(served, 3)
    result = retrain(served)
    assert isinstance(result.exception, StageError)
    assert "no space is left on the disk" in str(result.exception)
    assert played.trained == []


def test_a_line_that_a_kill_has_cut_off_is_told(served: Config, played: Played) -> None:
    retrain(served)
    file = Root(served.root).decisions
    with file.open("ab") as torn:
        torn.write(b'{"time": "2026')
    result = retrain(served)
    assert "decisions.jsonl: the last line was cut off" in result.output
    assert len(entered(served)) == 2
    assert "cut off" not in retrain(served).output


def test_a_root_that_another_run_holds_is_busy(served: Config) -> None:
    with Root(served.root).held():
        assert isinstance(retrain(served).exception, BusyError)


def test_a_config_without_a_window_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    file = tmp_path / "birds.yaml"
    file.write_text(f"data: {{path: x}}\nbackbone: {{handle: {GLYPHS}}}\n", encoding="utf-8")
    for options in ([], ["--dry-run"]):
        result = CliRunner().invoke(app, ["retrain", str(file), *options])
        assert isinstance(result.exception, InputError)
        assert "data.window: the config has none" in str(result.exception)
        assert "add data: {window: {spans: 4}}" in str(result.exception)
    assert not (tmp_path / ".thaw").exists()
