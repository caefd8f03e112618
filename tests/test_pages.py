"""The tables in the papers are those that the benchmarks' results make."""

from benchmarks import gate_training, quality, quality_page
from tests.conftest import PROJECT

GATE = (PROJECT / "docs" / "gate.md").read_text(encoding="utf-8")


def test_no_spoiled_model_was_let_through() -> None:
    found = gate_training.done()
    assert gate_training.table(found) in GATE
    spoiled = [one for one in found if one["candidate"] in gate_training.SPOILED]
    assert spoiled
    assert {one["verdict"] for one in spoiled} == {"refused"}


def test_the_table_of_schedules_is_measured() -> None:
    page = (PROJECT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert quality_page.table(quality.done()) in page
