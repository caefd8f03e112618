"""What ``thaw gate`` prints."""

from typing import Any

from pipeline.commands import gate

RULE = {
    "name": "min_accuracy",
    "slice": None,
    "passed": True,
    "reason": "accuracy 0.9",
    "remedy": "",
}
LATENCY = {"p50": 4.21, "p99": 9.87}


def found(*rules: dict[str, Any], latency: dict[str, float] | None = None) -> dict[str, Any]:
    return {
        "gate": {"sentence": "refused: it is", "rules": list(rules)},
        "infra": {"latency_ms": latency},
    }


def test_every_line_is_one_of_text_and_the_latency_has_its_own() -> None:
    text = gate.as_text(found(RULE, latency=LATENCY))
    assert text.splitlines() == [
        "refused: it is",
        "",
        "ok min_accuracy: accuracy 0.9",
        "",
        "serves an image in 4.2 ms, 99 of 100 in 9.9 ms",
    ]
    assert "\\x0a" not in text


def test_a_broken_rule_is_shown_with_its_remedy_and_a_kept_one_of_a_class_is_not() -> None:
    broken = RULE | {"passed": False, "slice": "label=a", "remedy": "add images"}
    kept = RULE | {"slice": "label=b"}
    lines = gate.as_text(found(RULE, kept, broken)).splitlines()
    assert lines[2:] == [
        "ok min_accuracy: accuracy 0.9",
        "NO min_accuracy (label=a): accuracy 0.9; add images",
    ]
