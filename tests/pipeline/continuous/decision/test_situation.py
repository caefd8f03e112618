"""What is known of a root and its serving folder when a decision is made."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.serving.rollback import rollback
from modules.errors import InputError
from modules.settings import Trigger
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.decision import decisions, situation
from pipeline.continuous.decision.decide import decide
from pipeline.continuous.decision.decisions import Decision
from pipeline.continuous.decision.situation import Situation
from pipeline.state.root import Root
from tests.pipeline.continuous.decision.situations import NOW, span, trained_on
from tests.pipeline.continuous.served_versions import push

WHEN = (Trigger(new_span=True),)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "birds.yaml"
    file.write_text(
        "data: {path: 'photos/{SPAN}', window: {spans: 4}}\nbackbone: {handle: module}\n",
        encoding="utf-8",
    )
    loaded = loading.load(file)
    loaded.root.mkdir(parents=True)
    return loaded


def gathered(config: Config, *spans: int) -> Situation:
    return situation.gather(config, {number: span(number) for number in spans}, NOW)


def decided(config: Config, *spans: int, status: str = "", run_id: str = "r") -> Decision:
    """Enters the decision about these spans, and how its run ends: empty for a kill."""
    decision = decide(gathered(config, *spans), WHEN).model_copy(update={"run_id": run_id})
    root = Root(config.root)
    decisions.append(root.decisions, decision)
    root.begun(run_id)
    if status:
        root.summary_of(run_id).write_text(json.dumps({"status": status}), encoding="utf-8")
    return decision


def test_the_served_version_says_when_it_was_pushed_and_from_which_spans(config: Config) -> None:
    push(config.serving_dir, 7, [trained_on(1), trained_on(2, "older")])
    served = gathered(config, 1, 2, 3).served
    assert served is not None
    assert (served.number, served.pushed_at) == (7, NOW)
    assert served.spans == (trained_on(1), trained_on(2, "older"))


def test_a_version_of_another_program_says_nothing(config: Config) -> None:
    folder = config.serving_dir / "7"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"")
    served = gathered(config, 1).served
    assert served is not None
    assert (served.number, served.pushed_at, served.spans) == (7, None, None)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"data": {"spans": [{"span": 1}]}}'])
def test_a_summary_that_cannot_be_read_says_nothing(config: Config, text: str) -> None:
    push(config.serving_dir, 7, [])
    summary = config.serving_dir / "7" / "assets.extra" / "summary.json"
    summary.write_text(text, encoding="utf-8")
    served = gathered(config, 1).served
    assert served is not None
    assert served.spans is None


@pytest.mark.parametrize("status", ["pushed", "unchanged", "rejected"])
def test_the_spans_of_a_run_that_has_ended_are_not_new(config: Config, status: str) -> None:
    push(config.serving_dir, 7, [trained_on(1)])
    assert decided(config, 1, 2, status=status).answer == "yes"
    decision = decide(gathered(config, 1, 2), WHEN)
    assert decision.answer == "no"
    assert decision.finished is not None
    assert (decision.finished.run_id, decision.finished.status) == ("r", status)


@pytest.mark.parametrize("status", ["", "failed"])
def test_a_run_that_was_killed_or_failed_is_due_again(config: Config, status: str) -> None:
    push(config.serving_dir, 7, [trained_on(1)])
    decided(config, 1, 2, status=status)
    decision = decide(gathered(config, 1, 2), WHEN)
    assert (decision.answer, decision.new_spans, decision.finished) == ("yes", (2,), None)


def test_a_run_that_was_killed_before_it_had_a_folder_is_due_again(config: Config) -> None:
    decision = decide(gathered(config, 1), WHEN).model_copy(update={"run_id": "r"})
    decisions.append(Root(config.root).decisions, decision)
    assert decide(gathered(config, 1), WHEN).answer == "yes"


def test_the_last_run_that_ended_is_remembered_behind_failed_ones_and_noes(config: Config) -> None:
    push(config.serving_dir, 7, [trained_on(1)])
    decided(config, 1, 2, status="rejected", run_id="refused")
    decided(config, 1, 2, 3, run_id="killed")
    decisions.append(Root(config.root).decisions, decide(gathered(config, 1, 2), WHEN))
    finished = gathered(config, 1, 2, 3).finished
    assert finished is not None
    assert finished.run_id == "refused"
    assert [record.span for record in gathered(config, 1, 2, 3).new] == [3]


@pytest.mark.parametrize("command", ["retrain", "run"])
def test_after_a_rollback_the_withdrawn_model_is_not_trained_again_and_the_next_span_is(
    config: Config, command: str
) -> None:
    push(config.serving_dir, 7, [trained_on(1)])
    if command == "retrain":  # `thaw run` enters no decision.
        assert decided(config, 1, 2, status="pushed").answer == "yes"
    push(config.serving_dir, 8, [trained_on(1), trained_on(2)])
    rollback(config.serving_dir, by="ann")
    decision = decide(gathered(config, 1, 2), WHEN)
    assert (decision.answer, decision.served_version) == ("no", 7)
    decision = decide(gathered(config, 1, 2, 3), WHEN)
    assert (decision.answer, decision.new_spans, decision.served_version) == ("yes", (3,), 7)


def test_a_decision_that_cannot_be_read_is_one_line_with_the_remedy(config: Config) -> None:
    Root(config.root).decisions.write_text("{}\n", encoding="utf-8")
    with pytest.raises(InputError, match="move the file away"):
        gathered(config, 1)


@pytest.mark.parametrize("text", ["2026-11-25", None, "", 5])
def test_what_is_no_time_is_none(text: Any) -> None:
    assert situation.as_time(text) is None
    assert situation.as_time("2026-11-25T12:00:00Z") == NOW
