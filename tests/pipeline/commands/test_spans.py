"""What is shown of spans, and what people decide about them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from components.records import spans, split_book
from components.records.spans import AgreementRecord, SpanRecord
from components.records.split_book import Entry
from components.serving.push import push
from components.serving.rollback import rollback
from modules.errors import BusyError, InputError
from pipeline.cli.app import app
from pipeline.state.root import Root
from tests.components.serving.processes import model
from tests.components.window.test_selection import record
from tests.conftest import GLYPHS, PROJECT

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


class Spans:
    """A config of spans with a root of its own."""

    def __init__(self, folder: Path, path: str = "span-{SPAN}") -> None:
        self.root = Root(folder / "root")
        self.config = folder / "photos.yaml"
        keys = {"path": str(folder / path), "window": {"spans": 2}}
        self.config.write_text(f"data: {keys}\nbackbone: {{handle: {GLYPHS}}}\n")

    def know(self, *records: SpanRecord) -> None:
        """Writes the registry, and an image of each span that was taken in."""
        spans.write(self.root.spans, records)
        for known in records:
            if "ingestion" in known.artifacts:
                folder = self.root.path / known.artifacts["ingestion"]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "ingestion.json").write_text(json.dumps({"span": known.span}))
                split_book.write_entries(folder, [Entry("d1", "a", "a/1.png", "train", "", "")])

    def __call__(self, *arguments: object) -> Result:
        return CliRunner().invoke(
            app, ["spans", *map(str, arguments), "--root", str(self.root.path)]
        )

    def line(self, *arguments: object) -> str:
        """What a command prints that succeeds, a line."""
        done = self(*arguments)
        assert done.exit_code == 0, done.output or done.exception
        (line,) = done.stdout.splitlines()
        return line

    def mistake(self, *arguments: object) -> str:
        """The message of one that does not."""
        done = self(*arguments)
        assert isinstance(done.exception, InputError), done.output
        return str(done.exception)

    def pushed(self, *trained_on: int) -> int:
        """Pushes a version that was trained on some spans; returns its number."""
        of_span = {"version": 0, "fingerprint": "f1", "part": "whole", "images": 10}
        summary = {"data": {"spans": [{"span": span, **of_span} for span in trained_on]}}
        source = self.config.parent / f"source-{len(list(self.config.parent.iterdir()))}"
        content = json.dumps(summary).encode()
        return push(
            model(source, parts=2),
            self.root.path / "serving",
            {"run_id": "1"},
            extra=lambda version: {"summary.json": content},
        )


@pytest.fixture
def thaw_spans(tmp_path: Path) -> Spans:
    return Spans(tmp_path)


def quarantined(span: int, **more: Any) -> SpanRecord:
    return record(span, state="quarantined", reason="the whole span: 0.61", **more)


DECISION = ("--by", "ann", "--reason", "new pens")


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
        "        version 3 gives the label of 0.6100 of 200 images (0.540 to 0.675); its mean "
        "score is 0.970 there and 0.960 elsewhere, and a class's share of its answers and of the "
        "labels differ by up to 0.012",
        "        it does not know 'new'",
        "        it could not read 1 image",
        f"        its surest disagreements: {thaw_spans.root.path / AGREEMENT.sheet}",
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
    assert thaw_spans.line(thaw_spans.config) == "no span has been taken in yet"
    assert thaw_spans.line(thaw_spans.config, "--json") == "[]"
    assert not thaw_spans.root.path.exists()


def test_a_person_accepts_a_span_and_the_record_keeps_who_when_and_why(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5), quarantined(6))
    line = thaw_spans.line("accept", thaw_spans.config, 6, *DECISION)
    assert line.startswith("span 6 is accepted, by ann; it was quarantined; thaw retrain ")
    thaw_spans("reject", thaw_spans.config, 6, "--by", "bob", "--reason", "the old ones after all")
    known = spans.read(thaw_spans.root.spans)
    assert known[5] == record(5)
    assert (known[6].state, known[6].decided_by) == ("rejected", "bob")
    assert known[6].reason == "the old ones after all"
    assert [(d.before, d.state, d.by, d.reason) for d in known[6].history] == [
        ("quarantined", "accepted", "ann", "new pens"),
        ("accepted", "rejected", "bob", "the old ones after all"),
    ]
    assert all(decision.at.endswith("Z") for decision in known[6].history)


def test_a_span_that_is_rejected_after_it_was_trained_on_is_said_with_the_remedy(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(record(5), record(6))
    reject = ("reject", thaw_spans.config, 6, *DECISION)
    assert thaw_spans.line(*reject).endswith("; no model is trained on it any more")
    without = thaw_spans.pushed(5)
    assert thaw_spans.line(*reject).endswith("; no model is trained on it any more")
    _, served = thaw_spans.pushed(6), thaw_spans.pushed(5, 6)
    assert thaw_spans.line(*reject).endswith(
        f"; version {served}, which is served, was trained on it: thaw rollback "
        f"{thaw_spans.config} {without} goes back to one that was not"
    )
    line = thaw_spans.line("reject", thaw_spans.config, 5, *DECISION)
    assert "goes back" in line


def test_where_every_version_was_trained_on_a_span_the_remedy_is_to_train(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(record(6))
    served = thaw_spans.pushed(6)
    line = thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)
    assert f"version {served}, which is served, was trained on it, and so were all others" in line
    assert line.endswith(f"thaw run {thaw_spans.config} trains one without it")


def test_the_labels_of_a_span_count_against_those_of_others_only_while_it_is_accepted(
    thaw_spans: Spans,
) -> None:
    thaw_spans.know(quarantined(6))
    book = thaw_spans.root.split_book
    thaw_spans.line("accept", thaw_spans.config, 6, *DECISION)
    assert [sighting.span for sighting in split_book.read(book).sightings["d1"]] == [6]
    thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)
    assert split_book.read(book).sightings == {}
    assert split_book.read(book).splits == {"d1": "train"}


def test_a_span_whose_records_are_gone_is_not_accepted(thaw_spans: Spans) -> None:
    thaw_spans.know(quarantined(6))
    shutil.rmtree(thaw_spans.root.path / "ingestion")
    said = thaw_spans.mistake("accept", thaw_spans.config, 6, *DECISION)
    assert said.endswith("belongs to what was taken in of it, is gone; restore it from a copy")
    assert thaw_spans.line("reject", thaw_spans.config, 6, *DECISION)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["9", *DECISION], "SPAN: got 9, and the spans taken in are '5' and '6'; name one"),
        (["six", *DECISION], "SPAN: got 'six', must be a span's number; thaw spans "),
        (["2026-01-01", *DECISION], "SPAN: got '2026-01-01', must be a span's number; "),
        (["6", "--by", "ann"], "--by and --reason: one is missing or empty; "),
        (["6", "--reason", "new pens"], "--by and --reason: one is missing or empty; "),
        (["6", "--by", " ", "--reason", "new pens"], "--by and --reason: one is missing or empt"),
        (["5", *DECISION], "SPAN: 5 cannot be accepted, as its images cannot be used as they a"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    thaw_spans: Spans, arguments: list[str], message: str
) -> None:
    refused = record(5, state="refused", artifacts={})
    thaw_spans.know(refused, quarantined(6))
    before = thaw_spans.root.spans.read_bytes()
    said = thaw_spans.mistake("accept", thaw_spans.config, *arguments)
    assert said.startswith(message)
    assert "\n" not in said
    assert thaw_spans.root.spans.read_bytes() == before


def test_a_span_that_cannot_be_used_can_be_rejected(thaw_spans: Spans) -> None:
    thaw_spans.know(record(5, state="refused", artifacts={}))
    line = thaw_spans.line("reject", thaw_spans.config, 5, *DECISION)
    assert line.startswith("span 5 is rejected, by ann; it was refused")


def test_nothing_is_decided_before_a_span_was_taken_in_and_no_root_is_made(
    thaw_spans: Spans,
) -> None:
    said = thaw_spans.mistake("accept", thaw_spans.config, 1, *DECISION)
    assert "no span has been taken in yet; thaw run" in said
    assert not thaw_spans.root.path.exists()


def test_a_span_of_a_day_is_named_by_it(tmp_path: Path) -> None:
    thaw_spans = Spans(tmp_path, "{YYYY}-{MM}-{DD}")
    thaw_spans.know(quarantined(20454))
    line = thaw_spans.line("accept", thaw_spans.config, "2026-01-01", *DECISION)
    assert line.startswith("span 20454 (2026-01-01) is accepted, by ann")
    assert thaw_spans.line("reject", thaw_spans.config, "20454", *DECISION)
    said = thaw_spans.mistake("accept", thaw_spans.config, "January", *DECISION)
    assert said.startswith("SPAN: got 'January', must be a span's number or a day such as 2026-01")


def test_while_a_run_holds_the_root_nothing_is_decided(thaw_spans: Spans) -> None:
    thaw_spans.know(quarantined(6))
    with thaw_spans.root.held():
        done = thaw_spans("accept", thaw_spans.config, 6, *DECISION)
        assert isinstance(done.exception, BusyError)
        assert thaw_spans(thaw_spans.config).exit_code == 0
    assert spans.read(thaw_spans.root.spans)[6].state == "quarantined"


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
