"""``import thaw``: typed, light, and it ends no process."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import assert_type

import thaw
from pipeline.continuous import window_run
from pipeline.version import VERSION
from tests.conftest import PROJECT

DIGITS = PROJECT / "configs" / "digits.yaml"


def printed_by(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    return done.stdout.strip()


def test_no_name_of_thaw_imports_tensorflow() -> None:
    code = (
        "import sys, thaw\n"
        "alone = {name.split('.')[0] for name in sys.modules}\n"
        "assert not {'pydantic', 'components', 'typer'} & alone\n"
        "thaw.load_config('configs/digits.yaml')\n"
        "for name in thaw.__all__:\n    getattr(thaw, name)\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    assert printed_by("-c", code) == "[]"


def test_every_public_name_is_listed_and_another_is_an_attribute_error() -> None:
    assert set(thaw.__all__) <= set(dir(thaw))
    with pytest.raises(AttributeError, match="module 'thaw' has no attribute 'train'"):
        thaw.train  # noqa: B018


def test_the_version_is_in_one_place() -> None:
    assert thaw.__version__ == VERSION
    assert printed_by("-m", "thaw", "--version") == f"thaw {VERSION}"
    assert printed_by("setup.py", "--version").splitlines()[-1] == VERSION


def test_every_package_says_that_it_is_typed() -> None:
    for package in ("thaw", "pipeline", "components", "modules"):
        assert (PROJECT / package / "py.typed").is_file()


@pytest.mark.parametrize("start", [("-m", "thaw", "--version"), ("-c", "import thaw")])
def test_a_file_that_hides_a_package_of_thaws_is_named(
    tmp_path: Path, start: tuple[str, ...]
) -> None:
    (tmp_path / "modules.py").write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *start],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: {tmp_path / 'modules.py'} hides Thaw's package modules; rename it, or start "
        "Python in another folder"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finetune.seed", 7),
        ("finetune.label_smoothing", 1e-05),
        ("finetune.early_stopping", None),
        ("data.leave_out", ("*.xmp", "'no'", "ö\n ")),
        ("finetune.class_weights", {"1": 2.0, "no": 3.0}),
        ("data.path", Path("/photos: 1")),
    ],
)
def test_overrides_are_values_by_key(key: str, value: Any) -> None:
    config = thaw.load_config(DIGITS, overrides={key: value}, root="/root")
    assert_type(config, thaw.Config)
    part, name = key.split(".")
    expected = str(value) if isinstance(value, Path) else value
    assert getattr(getattr(config, part), name) == expected
    assert config.root == Path("/root")
    assert len(config.overrides) == 1


def test_paths_may_stand_in_lists_and_dicts(tmp_path: Path) -> None:
    data = {"path": tmp_path, "leave_out": (Path("a"),)}
    config = thaw.load_config(DIGITS, overrides={"data": data})
    assert (config.data.path, config.data.leave_out) == (str(tmp_path), ("a",))


def test_what_is_no_dict_of_overrides_or_no_path_is_a_mistake() -> None:
    message = "overrides: got list, must be a dict of values by key, such as {'finetune.seed': 1};"
    with pytest.raises(thaw.InputError, match=message):
        thaw.load_config(DIGITS, overrides=["finetune.seed=1"])  # type: ignore[arg-type]
    with pytest.raises(thaw.InputError, match="got '', must be a path; name one or leave it out"):
        thaw.load_config(DIGITS, root="")


def test_a_value_that_yaml_cannot_say_is_a_mistake() -> None:
    message = "overrides: got object for finetune.seed, must be made of texts, numbers, lists and"
    with pytest.raises(thaw.InputError, match=message):
        thaw.load_config(DIGITS, overrides={"finetune.seed": object()})


def test_a_mistake_is_an_exception_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    with pytest.raises(thaw.InputError, match=r"CONFIG: could not read .*none\.yaml"):
        thaw.run(tmp_path / "none.yaml")
    with pytest.raises(thaw.InputError, match=r"finetune\.sed: unknown key; did you mean seed\?"):
        thaw.run(DIGITS, overrides={"finetune.sed": 1})
    with pytest.raises(thaw.InputError, match=r"MODEL_DIR: .* does not exist; give"):
        thaw.predict(tmp_path / "none", "x.png")
    with pytest.raises(thaw.InputError, match=r"--candidate: .* holds no saved_model\.pb"):
        thaw.gate(DIGITS, tmp_path)


def test_a_config_that_was_loaded_takes_no_more_overrides() -> None:
    config = thaw.load_config(DIGITS)
    with pytest.raises(thaw.InputError, match="overrides, root: got a Config, which is complete;"):
        thaw.run(config, root="elsewhere")


def test_a_run_is_told_what_the_command_would_tell_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs: list[tuple[thaw.Config, dict[str, Any]]] = []

    def run(config: thaw.Config, **options: Any) -> thaw.Summary:
        runs.append((config, options))
        return thaw.Summary(run_id="1", status="rejected", serving_dir="")

    monkeypatch.setattr(window_run, "run", run)
    forced = thaw.Override(by="Ada", reason="a test")
    summary = thaw.run(DIGITS, root=tmp_path, summary_file=str(tmp_path / "s.json"), forced=forced)
    assert_type(summary, thaw.Summary)
    assert summary.status == "rejected"
    ((config, options),) = runs
    assert config == thaw.load_config(DIGITS, root=tmp_path)
    assert options == {
        "summary_file": tmp_path / "s.json", "verbose": False, "forced": forced, "adopt": False,
        "cold": False,
    }  # fmt: skip


def test_retraining_gives_the_decision_and_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(thaw.InputError, match=r"^data\.window: the config has none"):
        thaw.retrain(DIGITS, root=tmp_path, dry_run=True)
    for number in (1, 2):
        for label in "ab":
            folder = tmp_path / f"span-{number}" / label
            folder.mkdir(parents=True)
            (folder / "1.png").write_bytes(b"")
    overrides = {"data.path": f"{tmp_path}/span-{{SPAN}}", "data.window": {"spans": 1}}
    outcome = thaw.retrain(DIGITS, overrides=overrides, root=tmp_path / "root", dry_run=True)
    assert_type(outcome, thaw.Outcome)
    assert (outcome.decision.answer, outcome.summary) == ("yes", None)
    assert not (tmp_path / "root").exists()
