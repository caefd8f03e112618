"""A run can be repeated from its summary, which holds no secret."""

import json
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.records.data import DataRecord
from components.records.model import MetricsRecord
from components.records.summary import RECORD_FILE, Summary
from components.records.training import WarmStartRecord
from modules.errors import InputError, StageError
from pipeline import reporting
from pipeline.cli.app import app
from pipeline.configuration import loading, record
from pipeline.configuration.config import Config
from pipeline.data_size import DataSize
from pipeline.runners import local
from pipeline.runners.begin import Run
from pipeline.state.root import Root
from pipeline.version import VERSION
from tests.conftest import GLYPHS, PROJECT

CONFIGS = sorted((PROJECT / "configs").rglob("*.yaml"))
SIGNED = "https://me:word@example.org/module/1?sig=abc"


def written(folder: Path, handle: str = "module") -> Path:
    path = folder / "birds.yaml"
    path.write_text(f"data: {{path: photos}}\nbackbone: {{handle: '{handle}'}}\n", encoding="utf-8")
    return path


def summary_of(config: Config, folder: Path, **more: Any) -> Path:
    whole = Summary(run_id="1", status="pushed", serving_dir="", run=record.of_run(config), **more)
    whole.write(folder / "summary.json")
    return folder / "summary.json"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_resolved_config_of_a_summary_is_the_config(path: Path, tmp_path: Path) -> None:
    config = loading.load(path, ["finetune.seed=7"])
    again = loading.load_recorded(record.read_from(summary_of(config, tmp_path)))
    assert again == config
    assert (again.name, again.file, again.overrides) == (config.name, path, ("finetune.seed=7",))
    auto = loading.load(path, ["finetune={schedule: auto}"], tmp_path / "root")
    assert loading.load_recorded(record.read_from(summary_of(auto, tmp_path))) == auto


def test_the_record_says_where_when_and_of_which_commit(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path), ["finetune.seed=7"], tmp_path / "root")
    run = record.of_run(config)
    assert run.overrides == ("finetune.seed=7",)
    assert run.config["data"]["path"] == str(tmp_path / "photos")
    assert run.root == str(tmp_path / "root")
    assert run.host
    assert run.started_at.endswith("Z")
    assert run.commit == record.commit()
    assert run.thaw == VERSION


def test_the_commit_is_the_code_s_own_and_says_whether_files_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_PROJECT", tmp_path)
    monkeypatch.setattr(record, "_installed_from", lambda: "installed")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    assert record.commit() == "installed"

    def git(*arguments: str) -> None:
        own = {"GIT_CONFIG_GLOBAL": "/dev/null", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, env=own, check=True)

    (tmp_path / "code.py").write_text("1", encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "code.py"], ["commit", "-qm", "one"]):
        git(*arguments)
    clean = record.commit()
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "code.py").write_text("2", encoding="utf-8")
    assert record.commit() == f"{clean}-modified"


def test_a_secret_in_an_address_is_in_no_summary_and_must_be_given_again(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path, SIGNED), [f"data.path={SIGNED}"])
    path = summary_of(config, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert "word" not in text
    assert "abc" not in text
    recorded = record.read_from(path)
    with pytest.raises(
        InputError, match=r"leaves out what may be a secret in data\.path, backbone"
    ):
        loading.load_recorded(recorded)
    addresses = [f"backbone.handle={SIGNED}", f"data.path={SIGNED}"]
    assert loading.load_recorded(recorded, addresses).backbone.handle == SIGNED


def test_another_backbone_behind_the_same_handle_is_not_taken_for_it(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path))
    path = summary_of(config, tmp_path, backbone={"handle": "x", "sha256": "a" * 64})
    assert loading.load_recorded(record.read_from(path)).backbone.sha256 == "a" * 64


def test_every_summary_has_the_record_and_the_data_s_path_also_of_a_run_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        (tmp_path / "photos" / label / "1.png").write_bytes(b"")
    path = written(tmp_path, str(GLYPHS))

    def nodes(this: Run, size: DataSize) -> Summary:
        assert size.classes == 2
        path = this.root.run(this.run_id) / RECORD_FILE
        recorded = json.loads(path.read_text(encoding="utf-8"))
        assert recorded["overrides"] == list(this.config.overrides)  # Pusher reads it.
        if this.config.finetune.seed == 1:
            raise ValueError("a node's own")
        return Summary(run_id=this.run_id, status="unchanged", serving_dir="")

    monkeypatch.setattr(local, "_run_nodes", nodes)
    for seed in (0, 1):
        overrides = [f"finetune.seed={seed}", "evaluation.min_examples=1"]
        with pytest.raises(StageError) if seed else nullcontext():
            local.run(loading.load(path, overrides))
        summary = json.loads(Root(tmp_path / ".thaw" / "birds").summary.read_text(encoding="utf-8"))
        assert summary["run"]["overrides"] == overrides
        assert summary["run"]["started_at"] <= summary["run"]["ended_at"]
        assert summary["data"]["path"] == str(tmp_path / "photos")
        assert summary["status"] == ("failed" if seed else "unchanged")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run": {}}', '{"run": {"config": 1}}'])
def test_a_file_that_is_no_summary_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", "--from", str(tmp_path / "s.json")])
    assert isinstance(done.exception, InputError)
    assert "does not record how a run was made; give" in str(done.exception)


@pytest.mark.parametrize("arguments", [[], ["x.yaml", "--from", "y.json"]])
def test_a_run_takes_a_config_or_a_summary(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, ["run", *arguments])
    assert "give a config, or --from with a run's summary, and not both" in str(done.exception)


def test_a_repeated_run_says_what_differs_from_the_first_one(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path))
    data, versions = DataRecord(fingerprint="a"), {"numpy": "1", "tfx": "1"}
    first = record.read_from(summary_of(config, tmp_path, data=data, versions=versions))
    same = Summary(
        run_id="2", status="pushed", serving_dir="", run=record.of_run(config), data=data,
        versions=versions,
    )  # fmt: skip
    assert reporting.repeated(first, same).startswith(
        "repeated: the data, the backbone, the packages"
    )
    other = same.model_copy(
        update={"data": DataRecord(fingerprint="b"), "versions": {"numpy": "2", "tfx": "1"}}
    )
    assert reporting.repeated(first, other) == (
        "repeated: these differ from the first run: the data; packages (numpy 1 → 2)"
    )


def test_a_repeated_run_says_if_it_was_judged_by_another_golden_set(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path))

    def judged_by(fingerprint: str) -> Summary:
        score = {"accuracy": 0.9, "interval": (0.8, 0.95)}
        golden = {
            "fingerprint": fingerprint, "images": 40, "candidate": score, "baseline": None,
            "by_class": {}, "missing_labels": (), "unknown_labels": (),
        }  # fmt: skip
        metrics = MetricsRecord.model_validate({"golden": golden})
        path = summary_of(config, tmp_path, metrics=metrics)
        return Summary.model_validate_json(path.read_bytes())

    judged_by("a")
    first = record.read_from(tmp_path / "summary.json")
    assert record.differences(first, judged_by("a")) == []
    assert record.differences(first, judged_by("b")) == ["the golden set"]


def test_a_repeated_run_says_if_another_version_was_served(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path))

    def started_from(sha256: str) -> Summary:
        warm = WarmStartRecord(warm=bool(sha256), version=None, sha256=sha256, reason="")
        path = summary_of(config, tmp_path, warm_start=warm)
        return Summary.model_validate_json(path.read_bytes())

    for digest, other in (("5a", "5b"), ("5a", ""), ("", "5a")):
        summary = started_from(digest)
        first = record.read_from(tmp_path / "summary.json")
        assert record.differences(first, summary) == []
        assert record.differences(first, started_from(other)) == [
            "the served version that the training could start from"
        ]
    first = record.read_from(summary_of(config, tmp_path))
    assert record.differences(first, started_from("5a")) == []


def test_a_run_after_an_upgrade_says_that_all_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(tmp_path)
    assert reporting.upgraded(root) == ""
    monkeypatch.setattr(reporting, "versions", lambda: {"tfx": "1.21.0", "python": "3.13.5"})
    for run_id, status, tfx in (("1", "pushed", "1.16.0"), ("2", "failed", "1.21.0")):
        versions = {"tfx": tfx, "python": "3.13.5"}
        Summary.model_validate(
            {"run_id": run_id, "status": status, "serving_dir": "", "versions": versions}
        ).write(root.summary_of(run_id))
    assert reporting.upgraded(root) == (
        "packages have changed since run 1 (tfx 1.16.0 → 1.21.0): everything is made anew, "
        "including the training; the served version stays (docs/runs.md)"
    )
    record_of_3 = {"run_id": "3", "status": "rejected", "versions": {"tfx": "1.21.0"}, "later": 1}
    record_of_3["versions"]["python"] = "3.13.5"  # type: ignore[index]
    root.run("3").mkdir()
    root.summary_of("3").write_text(json.dumps(record_of_3), encoding="utf-8")
    assert reporting.upgraded(root) == ""
