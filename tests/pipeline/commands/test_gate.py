"""What ``thaw gate`` judges by, and what it prints."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from components.records import spans as registry
from components.records import split_book
from components.records.gate import GateRecord, ReferenceRecord
from components.records.infra import InfraRecord, LatencyRecord
from modules.errors import InputError
from modules.gate.result import RuleResult
from pipeline.commands import gate
from pipeline.commands.gate import Judgement
from pipeline.configuration import loading
from pipeline.state.root import Root
from tests.components.conftest import asked
from tests.components.window.test_selection import record
from tests.conftest import PROJECT

RULE = RuleResult(
    name="min_accuracy", metric="accuracy", passed=True, reason="accuracy 0.9", remedy=""
)
LATENCY = LatencyRecord(p50=4.21, p99=9.87, requests=5)


def judgement(*rules: RuleResult, latency: LatencyRecord | None = None) -> Judgement:
    return Judgement(
        gate=GateRecord(
            verdict="refused",
            sentence="refused: it is",
            n=40,
            baseline=ReferenceRecord(version=None, reason="there is none"),
            rules=rules,
            forced=None,
        ),
        infra=InfraRecord(passed=True, problems=(), latency_ms=latency),
    )


def test_every_line_is_one_of_text_and_the_latency_has_its_own() -> None:
    text = gate.as_text(judgement(RULE, latency=LATENCY))
    assert text.splitlines() == [
        "refused: it is",
        "",
        "ok min_accuracy: accuracy 0.9",
        "",
        "serves an image in 4.2 ms, 99 of 100 in 9.9 ms",
    ]
    assert "\\x0a" not in text


def test_a_broken_rule_is_shown_with_its_remedy_and_a_kept_one_of_a_class_is_not() -> None:
    broken = replace(RULE, passed=False, slice="label=a", remedy="add images")
    kept = replace(RULE, slice="label=b")
    lines = gate.as_text(judgement(RULE, kept, broken)).splitlines()
    assert lines[2:] == [
        "ok min_accuracy: accuracy 0.9",
        "NO min_accuracy (label=a): accuracy 0.9; add images",
    ]


def test_the_test_images_of_a_span_are_those_of_the_next_run(tmp_path: Path) -> None:
    place = tmp_path / "span-2"
    for name in ("test/a/1", "test/b/2", "train/a/3", "train/b/4"):
        image = place / f"{name}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_text(name)
    digest = hashlib.sha256(b"test/a/1").hexdigest()
    entry = split_book.Entry(digest, "a", "a/1.png", "train", "", "")
    root = Root(tmp_path)
    split_book.write(root.split_book, split_book.SplitBook().with_span(1, [entry]))
    for path, split in ((f"{tmp_path}/span-{{SPAN}}", "train"), (f"{tmp_path}/span-2", "test")):
        files = {file.name: file for file in gate.splits_of(root, asked(path)).files}
        assert files["test/a/1.png"].split == split
        assert files["test/b/2.png"].split == "test"


def test_with_a_window_models_are_judged_on_the_test_images_of_its_spans(tmp_path: Path) -> None:
    (tmp_path / "span-1").mkdir()
    overrides = [
        f"data.path={tmp_path}/span-{{SPAN}}",
        "data.window={spans: 1, older: {fraction: 0.1}}",
    ]
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path / "root")
    with pytest.raises(InputError, match=r"data\.window: .*root has no accepted span, so there is"):
        gate.window_test_split(config)
    kinds = ("examples", "older")
    spans = [
        record(span, artifacts={kind: f"artifacts/{kind}/{span}" for kind in kinds})
        for span in (1, 2)
    ]
    registry.write(Root(config.root).spans, spans)
    patterns = gate.window_test_split(config)
    assert [pattern.removeprefix(f"{tmp_path}/root/artifacts/") for pattern in patterns] == [
        "older/1/Split-test/*", "examples/2/Split-test/*"
    ]  # fmt: skip
