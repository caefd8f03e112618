"""The card that travels with a model."""

from pathlib import Path
from typing import Any

from components.records.card import TEXT_FILE, Card, read_card
from components.records.summary import read_summary

HOSTILE = "a|b<script>`x`\n\x1b[31m_"


def fields() -> dict[str, Any]:
    accuracy = {"accuracy": 0.9, "images": 40}
    rule = {
        "name": "min_accuracy", "metric": "accuracy", "slice": f"label={HOSTILE}", "value": 0.9,
        "baseline": None, "bound": 0.5, "n": 40, "interval": [0.8, 0.95], "passed": True,
        "reason": "fine", "remedy": "",
    }  # fmt: skip
    return {
        "labels": [HOSTILE, "cat"],
        "metrics": {
            "candidate": {"overall": accuracy, "by_class": {HOSTILE: accuracy, "cat": accuracy}},
            "baseline": None,
        },
        "gate": {
            "verdict": "forced", "sentence": "forced: accuracy 0.9000", "n": 40,
            "baseline": {"version": None, "reason": "none"}, "rules": [rule],
            "forced": {"by": "Ada", "reason": "a <b>hurry</b>"},
        },
        "exports": [],
        "infra": {"passed": True, "problems": []},
        "schedule": {
            "chosen_by": "config",
            "facts": {"images": 7, "classes": 2, "side": 32, "blocks": 3, "parameters": 9},
            "stages": [{"name": "head", "unfreeze": "none", "epochs": 3}],
        },
        "stages": [],
        "shipped": {
            "stage": "head", "images": 9, "accuracy": 0.9, "interval": [0.8, 1.0],
            "compared_with": None, "gain": None, "gain_interval": None, "sentence": "head ships",
        },
        "data": {
            "images": {"train": {HOSTILE: 3, "cat": 4}, "test": {"cat": 1}},
            "fingerprint": "f",
        },
        "versions": {"python": "3"},
        "backbone": {"handle": "https://tfhub.dev/a_b/1", "sha256": "5a"},
        "source": "s",
    }  # fmt: skip


def as_markdown(fields: dict[str, Any]) -> str:
    return Card.model_validate(fields).as_markdown()


def test_a_label_breaks_no_table_and_starts_no_html() -> None:
    text = as_markdown(fields())
    assert "<script>" not in text
    assert "<b>" not in text
    assert "\x1b" not in text
    cells = {line.replace("\\|", "").count("|") for line in text.splitlines() if "script" in line}
    assert cells == {4, 5, 7}  # the tables of images, of accuracies, and of rules


def test_the_card_says_what_the_model_was_trained_on_and_how_it_was_judged() -> None:
    text = as_markdown(fields())
    assert "| cat | 4 | 1 |" in text
    assert "| all | 40 | 0.900 |" in text
    assert "fine-tuned from the backbone\n`https://tfhub.dev/a_b/1` (sha256 `5a`)." in text
    assert "Forced by Ada" in text


def test_the_card_names_the_spans_that_the_model_was_trained_on() -> None:
    assert "| span |" not in as_markdown(fields())
    of_spans = fields()
    of_spans["data"]["spans"] = [
        {"span": 3, "version": 0, "fingerprint": "f", "part": "older", "images": 12},
        {"span": 4, "version": 2, "fingerprint": "g", "part": "whole", "images": 120},
    ]
    text = as_markdown(of_spans)
    assert "| 3 |  | older | 12 |\n| 4 | 2 | whole | 120 |" in text
    assert "\n\nFingerprint of the data: `f`." in text


def test_the_card_says_what_its_training_started_from() -> None:
    assert "Its training began" not in as_markdown(fields())
    warm = {
        "warm": True,
        "version": 3,
        "sha256": "5a",
        "reason": "from version 3, which was served",
    }
    text = as_markdown({**fields(), "warm_start": warm})
    assert "Its training began with a warm start: from version 3, which was served." in text
    cold = {**warm, "warm": False, "reason": f"version 3 has no {HOSTILE}"}
    text = as_markdown({**fields(), "warm_start": cold})
    assert "Its training began with a cold start: version 3 has no" in text
    assert "<script>" not in text


def test_what_thaw_writes_itself_is_not_escaped() -> None:
    plain = fields()
    plain["gate"]["sentence"] = "blessed: accuracy 0.900 on 40 test images; min_accuracy: fine"
    text = as_markdown(plain)
    assert "blessed: accuracy 0.900 on 40 test images; min_accuracy: fine." in text
    assert "| min_accuracy | " in text
    assert "\\:" not in text


def test_the_baselines_accuracy_is_of_the_images_on_which_both_were_compared() -> None:
    compared = fields()
    compared["metrics"]["candidate"]["overall"] = {"accuracy": 0.8333, "images": 372}
    rule = compared["gate"]["rules"][0] | {"baseline": 0.8214, "value": 0.0325, "n": 308}
    compared["gate"]["rules"] += [
        rule | {"name": "not_worse", "slice": None},
        rule | {"name": "max_class_drop", "slice": "label=cat", "baseline": 0.925, "n": 40},
    ]
    text = as_markdown(compared)
    both = "0.8214 (of the 308 of classes that both know; this model 0.8539)"
    assert f"| all | 372 | 0.8333 | {both} |" in text
    assert "| cat | 40 | 0.900 | 0.925 |" in text


def test_the_summary_is_made_of_the_card_and_the_run(tmp_path: Path) -> None:
    card = Card.model_validate(fields())
    card.write(tmp_path)
    assert read_card(tmp_path) == card
    summary = card.summary_of(run_id="1", status="pushed", model_version=7, serving_dir="/s")
    summary.write(tmp_path / "summary.json")
    assert read_summary(tmp_path / "summary.json") == summary
    assert summary.labels == (HOSTILE, "cat")
    assert (tmp_path / TEXT_FILE).read_text(encoding="utf-8").startswith("# Model card")


def test_the_card_says_what_the_golden_set_shows_and_what_it_cannot() -> None:
    assert "golden set" not in as_markdown(fields())
    score = {"accuracy": 0.9, "interval": [0.83, 0.945]}
    golden = {
        "fingerprint": "g1", "images": 100, "candidate": score, "baseline": score,
        "by_class": {HOSTILE: {"accuracy": 0.9, "images": 100}}, "missing_labels": ["cat"],
        "unknown_labels": ["elk"],
    }  # fmt: skip
    known = fields()
    text = as_markdown({**known, "metrics": {**known["metrics"], "golden": golden}})
    assert "fixed images that no training sees (fingerprint\n`g1`), the accuracy is 0.900" in text
    assert "0.830 to 0.945); the baseline's is 0.900." in text
    assert "It has no image of 'cat'." in text
    assert "The model does not know 'elk', and all images of these count as wrong." in text
    assert "<script>" not in text
