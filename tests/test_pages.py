"""The tables in the papers are those that the benchmarks' results make."""

from benchmarks import gate_training, quality, quality_page
from tests.conftest import PROJECT

GATE = (PROJECT / "docs" / "gate_evidence.md").read_text(encoding="utf-8")


def test_no_spoiled_model_was_let_through_and_no_honest_one_taken_for_a_constant() -> None:
    found = gate_training.done()
    assert gate_training.table(found) in GATE
    spoiled = [one for one in found if one["candidate"] in gate_training.SPOILED]
    assert spoiled
    assert {one["verdict"] for one in spoiled} == {"refused"}
    honest = [one for one in found if one["candidate"] not in gate_training.SPOILED]
    assert honest
    assert not {"no_skill", "zero_recall"} & {rule for one in honest for rule in one["broken"]}
    constant = [one["broken"] for one in found if one["candidate"] == "constant"]
    assert all({"no_skill", "zero_recall"} <= set(broken) for broken in constant)


def test_the_tables_of_schedules_and_of_variations_are_measured() -> None:
    page = (PROJECT / "docs" / "quality.md").read_text(encoding="utf-8")
    for table in (quality_page.table, quality_page.variants_table):
        made = table(quality.done())
        assert len(made.splitlines()) > 2
        assert made in page


def test_the_automatic_schedule_is_within_a_point_of_the_best_other() -> None:
    rows = quality_page.table(quality.done()).splitlines()[2:]
    gaps = [float(row.split("|")[-3].removesuffix(" points ")) for row in rows]
    assert len(gaps) == 8
    assert min(gaps) >= -1.0
