"""The commands about pushed versions."""

import getpass
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from components.records.model import MetricsRecord
from components.records.summary import Summary
from components.serving.push import push
from components.serving.versions import list_versions, pinned, withdrawn
from modules.errors import InputError
from pipeline.cli.app import app
from pipeline.state.root import Root, shown
from tests.components.serving.processes import model
from tests.conftest import PROJECT

DIGITS = str(PROJECT / "configs" / "digits.yaml")
SCORE = {"accuracy": 0.75, "images": 400}
METRICS = {"overall": SCORE, "by_class": {"cat": SCORE}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def numbers(tmp_path: Path, root: Path) -> list[int]:
    """Three versions: with a summary that travels, with one in the root, with none."""
    source = model(tmp_path / "source", parts=2)
    serving = root / "serving"
    later = {"metrics": {"candidate": {**METRICS, "of": "a later release"}}}
    travels = json.dumps(later).encode()
    metrics = MetricsRecord.model_validate({"candidate": METRICS})
    Summary(run_id="1", status="pushed", serving_dir="", metrics=metrics).write(
        Root(root).summary_of("1")
    )
    return [
        push(source, serving, {"run_id": "0"}, extra=lambda version: {"summary.json": travels}),
        push(source, serving, {"run_id": "1"}),
        push(source, serving, {"run_id": "2"}),
    ]


def thaw(*arguments: object) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def lines(*arguments: object) -> list[str]:
    done = thaw(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_versions_are_listed_with_what_is_served_and_pinned(root: Path, numbers: list[int]) -> None:
    thaw("pin", DIGITS, numbers[0], "--root", root)
    rows = json.loads("\n".join(lines("versions", DIGITS, "--root", root, "--json")))
    assert [row["version"] for row in rows] == numbers
    assert [row["run_id"] for row in rows] == ["0", "1", "2"]
    assert [row["metrics"] for row in rows] == [METRICS, METRICS, None]
    assert [row["pinned"] for row in rows] == [True, False, False]
    assert [row["serving"] for row in rows] == [False, False, True]
    assert all(row["pushed_at"].endswith("Z") for row in rows)
    text = lines("versions", DIGITS, "--root", root)[1:]
    assert [line.split()[3:] for line in text] == [
        ["0.7500", "pinned"], ["0.7500"], ["unknown", "serving"],
    ]  # fmt: skip


def test_before_the_first_push_there_is_no_version(root: Path) -> None:
    assert lines("versions", DIGITS, "--root", root, "--json") == ["[]"]
    assert lines("versions", DIGITS, "--root", root) == ["no version has been pushed yet"]
    assert not root.exists()


def test_a_version_of_another_program_is_listed_as_unknown(root: Path) -> None:
    model(root / "serving" / "7", parts=1)
    (_, line) = lines("versions", DIGITS, "--root", root)
    assert line.split() == ["7", "unknown", "unknown", "unknown", "serving"]


def test_a_rollback_says_what_is_served_now_and_what_was_withdrawn_by_whom(
    root: Path, numbers: list[int]
) -> None:
    (line,) = lines("rollback", DIGITS, "--root", root)
    assert line.startswith(f"version {numbers[1]} is the newest in ")
    undo = f"thaw restore {shown(Path(DIGITS).resolve())} VERSION brings one back"
    assert line.endswith(f"withdrawn by {getpass.getuser()}: {numbers[2]}; {undo}")
    (line,) = lines("rollback", DIGITS, str(numbers[0]), "--by", "ann", "--root", root)
    assert line.endswith(f"withdrawn by ann: {numbers[1]}; {undo}")
    assert list_versions(root / "serving") == numbers[:1]
    assert withdrawn(root / "serving")[0]["withdrawn_by"] == "ann"
    text = lines("versions", DIGITS, "--root", root)
    assert text[1].endswith("serving")
    assert text[2].startswith(f"{numbers[1]} was withdrawn by ann, 2")
    assert text[2].endswith(f"Z; thaw restore {numbers[1]} brings it back")
    rows = json.loads("\n".join(lines("versions", DIGITS, "--root", root, "--json")))
    assert [row["version"] for row in rows] == numbers
    assert [row["serving"] for row in rows] == [True, False, False]
    assert rows[0]["withdrawn"] is None
    assert rows[1]["withdrawn"]["by"] == "ann"
    assert [row["withdrawn"]["restorable"] for row in rows[1:]] == [True, True]
    assert rows[1]["metrics"] == METRICS


def test_a_version_that_was_withdrawn_by_mistake_is_brought_back(
    root: Path, numbers: list[int]
) -> None:
    thaw("rollback", DIGITS, numbers[0], "--root", root)
    (line,) = lines("restore", DIGITS, numbers[2], "--by", "ann", "--root", root)
    assert line.startswith(f"version {numbers[2]} is back, by ann, and the newest in ")
    assert list_versions(root / "serving") == [numbers[0], numbers[2]]
    (line,) = lines("restore", DIGITS, numbers[1], "--root", root)
    assert f"but {numbers[2]} is newer in " in line
    assert list_versions(root / "serving") == numbers
    assert len(lines("versions", DIGITS, "--root", root)) == 1 + len(numbers)


def test_a_restore_that_fails_names_the_versions_that_can_be_restored(
    root: Path, numbers: list[int]
) -> None:
    thaw("rollback", DIGITS, "--root", root)
    done = thaw("restore", DIGITS, numbers[0], "--root", root)
    assert isinstance(done.exception, InputError)
    assert f"{numbers[0]} is there, and not withdrawn; " in str(done.exception)
    assert str(done.exception).endswith(f"can bring back {numbers[2]}; name one of them")
    done = thaw("restore", DIGITS, 5, "--root", root)
    assert "no version 5 was withdrawn" in str(done.exception)


def test_a_user_without_a_name_rolls_back_all_the_same(
    root: Path, numbers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    (line,) = lines("rollback", DIGITS, "--root", root)
    assert "withdrawn by user " in line


def test_a_pin_is_set_and_taken_off_in_words(root: Path, numbers: list[int]) -> None:
    (line,) = lines("pin", DIGITS, numbers[1], "--root", root)
    assert line.endswith("is pinned: no push removes it")
    assert pinned(root / "serving") == {numbers[1]}
    (line,) = lines("pin", DIGITS, numbers[1], "--remove", "--root", root)
    assert line.endswith("is no longer pinned")
    assert pinned(root / "serving") == set()


def test_another_folder_is_named_with_set(root: Path, numbers: list[int], tmp_path: Path) -> None:
    options = ("--root", tmp_path / "other", "--set", f"push.serving_dir={root / 'serving'}")
    (line,) = lines("rollback", DIGITS, *options)
    assert line.startswith(f"version {numbers[1]} ")


@pytest.mark.parametrize("command", ["rollback", "pin"])
def test_a_version_that_is_not_there_is_a_mistake_of_the_person(
    command: str, root: Path, numbers: list[int]
) -> None:
    done = thaw(command, DIGITS, "5", "--root", root)
    assert isinstance(done.exception, InputError)
    assert f"there is no version 5; {root / 'serving'} has {numbers[0]}, " in str(done.exception)


def test_no_command_about_versions_loads_tensorflow(root: Path, numbers: list[int]) -> None:
    commands = [
        ["pin", str(numbers[0])], ["rollback"], ["versions"], ["restore", str(numbers[2])],
    ]  # fmt: skip
    code = (
        "import sys\n"
        "from pipeline.cli.app import app\n"
        f"for name, *more in {commands!r}:\n"
        f"    app([name, {DIGITS!r}, *more, '--root', {str(root)!r}], standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert list_versions(root / "serving") == numbers


def golden(accuracy: float, fingerprint: str = "f") -> dict[str, Any]:
    score = {"accuracy": accuracy, "interval": [accuracy - 0.05, accuracy + 0.02]}
    return {
        "fingerprint": fingerprint, "images": 200, "candidate": score, "baseline": None,
        "by_class": {}, "missing_labels": [], "unknown_labels": [],
    }  # fmt: skip


@pytest.fixture
def judged(tmp_path: Path, root: Path) -> list[int]:
    """Four versions that were judged by two golden sets, of which the third was withdrawn."""
    source = model(tmp_path / "source", parts=2)
    sets = [golden(0.9), golden(0.95), golden(0.7, "g"), golden(0.92, "g")]
    numbers = []
    for place, of_set in enumerate(sets):
        text = json.dumps({"metrics": {"candidate": METRICS, "golden": of_set}}).encode()
        if place == 3:
            thaw("rollback", DIGITS, "--root", root)
        numbers.append(
            push(source, root / "serving", {}, extra=lambda version: {"summary.json": text})  # noqa: B023
        )
    return numbers


def test_each_version_has_its_accuracy_on_the_golden_set(root: Path, judged: list[int]) -> None:
    rows = json.loads("\n".join(lines("versions", DIGITS, "--root", root, "--json")))
    assert [row["version"] for row in rows] == judged
    assert [row["golden"]["accuracy"] for row in rows] == [0.9, 0.95, 0.7, 0.92]
    assert rows[0]["golden"] == {
        "accuracy": 0.9, "interval": [0.85, 0.92], "images": 200, "fingerprint": "f",
    }  # fmt: skip
    title, first, *_ = lines("versions", DIGITS, "--root", root)
    assert title.split()[-2:] == ["accuracy", "golden"]
    assert first.split()[3:] == ["0.7500", "0.9000"]


@pytest.mark.parametrize("name", ["curve.png", "curve.svg"])
def test_the_golden_accuracy_of_all_versions_is_drawn(
    root: Path, judged: list[int], tmp_path: Path, name: str
) -> None:
    lines("versions", DIGITS, "--root", root, "--picture", tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")


def test_the_picture_marks_what_is_withdrawn_what_is_served_and_where_the_set_changed(
    root: Path, judged: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(
        "matplotlib.figure.Figure.savefig", lambda figure, *_, **__: drawn.append(figure)
    )
    lines("versions", DIGITS, "--root", root, "--picture", tmp_path / "curve.png")
    (axes,) = drawn[0].axes
    legend = {text.get_text() for text in drawn[0].legends[0].get_texts()}
    assert legend == {"pushed", "withdrawn", "served", "another golden set"}
    ticks = [label.get_text().partition("\n")[0] for label in axes.get_xticklabels()]
    assert ticks == [str(number) for number in judged]
    assert axes.get_ylabel() == "golden accuracy, with its interval of 95 %"


def test_a_picture_that_cannot_be_drawn_is_told_in_one_line(
    root: Path, numbers: list[int], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"^--picture: got curve\.jpg, must end in \.png or \.svg"):
        thaw_raises("versions", DIGITS, "--root", root, "--picture", "curve.jpg")
    with pytest.raises(InputError, match="none of the 3 versions has a golden accuracy to draw"):
        thaw_raises("versions", DIGITS, "--root", root, "--picture", tmp_path / "curve.png")


def thaw_raises(*arguments: object) -> None:
    CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
