"""The tables on the pages match the benchmarks' results and the commands."""

import re

from typer.testing import CliRunner

from benchmarks import gate_training, quality, quality_page
from pipeline.cli.app import app
from tests.conftest import PROJECT

GATE = (PROJECT / "docs" / "gate_evidence.md").read_text(encoding="utf-8")


def test_the_gate_let_no_corrupted_model_through_and_took_no_honest_one_for_a_constant() -> None:
    verdicts = gate_training.done()
    assert gate_training.table(verdicts) in GATE
    corrupted = [verdict for verdict in verdicts if verdict["candidate"] in gate_training.CORRUPTED]
    assert corrupted
    assert {verdict["verdict"] for verdict in corrupted} == {"refused"}
    honest = [
        verdict for verdict in verdicts if verdict["candidate"] not in gate_training.CORRUPTED
    ]
    assert honest
    assert not {"no_skill", "zero_recall"} & {
        rule for verdict in honest for rule in verdict["broken"]
    }
    constant = [verdict["broken"] for verdict in verdicts if verdict["candidate"] == "constant"]
    assert all({"no_skill", "zero_recall"} <= set(broken) for broken in constant)


def test_the_tables_of_schedules_and_variants_are_measured() -> None:
    page = (PROJECT / "docs" / "quality.md").read_text(encoding="utf-8")
    for table in (quality_page.table, quality_page.variants_table):
        expected = table(quality.done())
        assert len(expected.splitlines()) > 2
        assert expected in page


def test_the_automatic_schedule_is_within_a_point_of_the_best_other() -> None:
    rows = quality_page.table(quality.done()).splitlines()[2:]
    gaps = [float(row.split("|")[-3].removesuffix(" points ")) for row in rows]
    assert len(gaps) == 8
    assert min(gaps) >= -1.0


def test_the_readme_and_the_help_of_thaw_run_have_the_same_exit_statuses() -> None:
    result = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "80"})
    shown = result.output.split("Exit status:")[1].split("Arguments")[0]
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = readme.split("| exit status |")[1].split("\n\n")[0]
    statuses = re.findall(r"^\s*(\d+)  \w", shown, re.MULTILINE)
    assert statuses == re.findall(r"^\| (\d+)", table, re.MULTILINE)
    assert "143" in shown
    assert "143" in table
