"""What is shown of spans."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.records.spans import AgreementRecord
from components.serving.rollback import rollback
from pipeline.cli.app import app
from tests.components.serving.processes import model
from tests.components.window.test_selection import record
from tests.conftest import PROJECT
from tests.pipeline.commands.span_roots import DECISION, Spans, quarantined

AGREEMENT = AgreementRecord(
    version=3,
    images=200,
    agreement=0.61,
    interval=(0.54, 0.675),
    by_class={},
    score_agreeing=0.97,
    score_disagreeing=0.96,
    answer_shift=0.012,
    unknown_labels=("new",),
    unanswered=1,
    sheet="artifacts/SpanReview/review/9/sheet.html",
)


@pytest.fixture
def thaw_spans(tmp_path: Path) -> Spans:
    return Spans(tmp_path)


def test_each_span_is_shown_with_its_state_its_images_and_its_versions(thaw_spans: Spans) -> None:
    images = {"train": {"a": 1000, "b": 200}, "test": {"a": 30}}
    thaw_spans.know(
        record(5, fingerprint="f1", images=images),
        quarantined(6, fingerprint="f2", version=2, agreement=AGREEMENT),
    )
    first, second, third = thaw_spans.pushed(4), thaw_spans.pushed(5), thaw_spans.pushed(5)
    rollback(thaw_spans.root.path / "serving", by="ann")
    text = thaw_spans(thaw_spans.config).stdout
    assert text.splitlines() == [
        "span 5: accepted by thaw, 2026-01-01T00:00:00Z: its images fit the schema",
        "        images: train 1,200, test 30; fingerprint f1",
        f"        trained on it: version {second} (serving), version {third} (withdrawn)",
        "span 6, version 2: quarantined by thaw, 2026-01-01T00:00:00Z: the whole span: 0.61",
        "        version 3 agrees with the labels of 0.6100 of 200 images (95 % interval 0.540 to "
        "0.675); mean score 0.970 where it agrees, 0.960 where it does not; shift 0.012",
        "        it does not know 'new'",
        "        it could not read 1 image",
        f"        contact sheet: {thaw_spans.root.path / AGREEMENT.sheet}",
        f"        to decide: thaw spans accept (or reject) {thaw_spans.config} 6 "
        "--by NAME --reason TEXT",
    ]
    rows = json.loads(thaw_spans("--json", thaw_spans.config).stdout)
    assert [(row["span"], row["state"], row["fingerprint"]) for row in rows] == [
        (5, "accepted", "f1"),
        (6, "quarantined", "f2"),
    ]
    assert rows[0]["images"] == images
    assert rows[1]["agreement"]["agreement"] == 0.61
    assert [(of["version"], of["serving"], of["withdrawn"]) for of in rows[0]["versions"]] == [
        (second, True, False),
        (third, False, True),
    ]
    assert first not in {of["version"] for row in rows for of in row["versions"]}


def test_a_version_that_knows_other_content_of_a_span_says_so(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5, fingerprint="f9"))
    thaw_spans.pushed(5)
    assert "(serving, as it was then)" in thaw_spans("show", thaw_spans.config).stdout


def test_a_version_of_another_program_was_trained_on_no_span_that_is_known(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(record(5))
    model(thaw_spans.root.path / "serving" / "7", parts=1)
    assert json.loads(thaw_spans(thaw_spans.config, "--json").stdout)[0]["versions"] == []


def test_before_the_first_span_there_is_nothing_to_show(thaw_spans: Spans) -> None:
    line = thaw_spans.line(thaw_spans.config)
    assert line == f"no span has been ingested yet; run thaw retrain {thaw_spans.config}"
    assert thaw_spans.line(thaw_spans.config, "--json") == "[]"
    assert not thaw_spans.root.path.exists()


def test_a_damaged_record_is_a_line(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5))
    thaw_spans.root.spans.write_text("{")
    assert "cannot be read (ValidationError); restore it" in thaw_spans.mistake(thaw_spans.config)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], "CONFIG is short for thaw spans show CONFIG"),
        (["--help"], "CONFIG is short for thaw spans show CONFIG"),
        (["photos.yaml", "--help"], "--json"),
        (["show", "--help"], "--json"),
        (["accept", "--help"], "--reason"),
    ],
)
def test_help_says_how_spans_are_shown_accepted_and_rejected(
    arguments: list[str], shown: str
) -> None:
    done = CliRunner().invoke(app, ["spans", *arguments], env={"COLUMNS": "200"})
    assert shown in " ".join(done.output.split())


def test_no_command_about_spans_loads_tensorflow(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5), quarantined(6))
    at = ["--root", str(thaw_spans.root.path)]
    commands: list[list[str]] = [
        ["spans", str(thaw_spans.config), *at],
        ["spans", "accept", str(thaw_spans.config), "6", *DECISION, *at],
        ["spans", "reject", str(thaw_spans.config), "5", *DECISION, *at],
    ]
    code = (
        "import sys\n"
        "from pipeline.cli import main\n"
        f"for arguments in {commands!r}:\n"
        "    sys.argv = ['thaw', *arguments]\n"
        "    try:\n        main()\n"
        "    except SystemExit as end:\n        assert end.code == 0, end.code\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy', 'scipy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip().endswith("[]"), done.stdout
