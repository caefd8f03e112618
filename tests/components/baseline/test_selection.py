"""Which served version a candidate is compared with."""

import json
from pathlib import Path

from components.baseline.selection import choose
from components.records.baseline import BaselineChoice
from components.serving import versions
from modules import model_layout


def served(serving: Path, number: int, model: str, compared: BaselineChoice | None = None) -> None:
    folder = serving / str(number)
    (folder / "assets.extra").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    note = {versions.MODEL: model}
    if compared:
        note[versions.BASELINE] = compared.as_text()
    (folder / model_layout.NOTE).write_text(json.dumps(note), encoding="utf-8")


def test_there_is_no_baseline_before_the_first_push(tmp_path: Path) -> None:
    assert choose(tmp_path / "none", "/new").version is None
    assert choose(tmp_path, "/new") == BaselineChoice(None, "", "there is no baseline yet")


def test_the_baseline_is_the_version_that_a_server_picks(tmp_path: Path) -> None:
    served(tmp_path, 3, "/a")
    served(tmp_path, 10, "/b")
    assert choose(tmp_path, "/new").version == 10
    assert choose(tmp_path, "/new").folder == str(tmp_path / "10")
    # A rollback withdraws the newer one.
    (tmp_path / "10").rename(tmp_path / ".10")
    assert choose(tmp_path, "/new").version == 3


def test_a_candidate_that_is_served_is_compared_with_what_it_was_compared_with(
    tmp_path: Path,
) -> None:
    first = choose(tmp_path, "/a")
    served(tmp_path, 3, "/a", first)
    assert choose(tmp_path, "/a") == first
    second = choose(tmp_path, "/b")
    served(tmp_path, 4, "/b", second)
    assert choose(tmp_path, "/b") == second
    # Back to an earlier configuration, whose model is served no more.
    assert choose(tmp_path, "/a").version == 4


def test_a_version_of_another_program_is_a_baseline_too(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"graph")
    assert choose(tmp_path, "/a").version == 1


def test_the_same_choice_is_the_same_text(tmp_path: Path) -> None:
    served(tmp_path, 3, "/a")
    text = choose(tmp_path, "/b").as_text()
    assert text == choose(tmp_path, "/c").as_text()
    assert BaselineChoice.of_text(text) == choose(tmp_path, "/b")
