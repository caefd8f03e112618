"""The tables in the papers are those that the benchmarks' results make."""

import json
from typing import Any

import pytest

from benchmarks import gate_power, gate_training, quality, quality_page
from tests.conftest import PROJECT

GATE = (PROJECT / "docs" / "gate.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def power() -> list[dict[str, Any]]:
    lines = gate_power.RESULTS.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("mark", gate_power.TABLES)
def test_the_tables_of_what_the_gate_lets_through_are_measured(
    mark: str, power: list[dict[str, Any]]
) -> None:
    assert gate_power.TABLES[mark](power) in GATE


def test_no_candidate_that_is_worse_by_the_margin_is_let_through_in_1_of_100(
    power: list[dict[str, Any]],
) -> None:
    worse = [
        one
        for one in power
        if one["kind"] == "truth" and one["require"] == "not_worse"
        and one["difference"] <= -one["margin"]
    ]  # fmt: skip
    assert len(worse) > 20
    assert all(one["chance"] <= 0.01 for one in worse)
    drawn = sum(one["blessed"] for one in worse) / sum(one["runs"] for one in worse)
    assert drawn < 0.01


def test_no_spoiled_model_was_let_through() -> None:
    found = gate_training.done()
    assert gate_training.table(found) in GATE
    spoiled = [one for one in found if one["candidate"] in gate_training.SPOILED]
    assert spoiled
    assert {one["verdict"] for one in spoiled} == {"refused"}


def test_the_table_of_schedules_is_measured() -> None:
    page = (PROJECT / "docs" / "quality.md").read_text(encoding="utf-8")
    assert quality_page.table(quality.done()) in page
