"""What ``thaw gate`` prints."""

from dataclasses import replace

from components.records.gate import GateRecord, ReferenceRecord
from components.records.infra import InfraRecord, LatencyRecord
from modules.gate.result import RuleResult
from pipeline.commands import gate
from pipeline.commands.gate import Judgement

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
