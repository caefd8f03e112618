"""Trainer trains only on the module that was prepared."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modules import trainer
from modules.backbones.loading.allowed import ENVIRONMENT
from modules.errors import InputError
from modules.finetune import model_record
from modules.finetune.model_record import Base, Start
from modules.images import inputs
from pipeline.configuration import loading
from pipeline.preparation import prepare, trainer_options
from tests.conftest import GLYPHS, PROJECT


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Trainer is called with, of a module that may change meanwhile."""
    shutil.copytree(GLYPHS, tmp_path / "module")
    overrides = [f"backbone.handle={tmp_path / 'module'}"]
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path)
    options = trainer_options(config, prepare(config.backbone))
    monkeypatch.setattr(inputs, "read_labels", lambda transform: ["a", "b"])
    return SimpleNamespace(
        custom_config={trainer.OPTIONS: options.model_dump(mode="json")},
        transform_graph_path=str(tmp_path),
        train_files=[],
        eval_files=[],
        base_model=None,
    )


def test_a_module_that_has_changed_since_it_was_prepared_is_not_trained(
    prepared: Any, tmp_path: Path
) -> None:
    (tmp_path / "module" / "saved_model.pb").write_bytes(b"another graph")
    with pytest.raises(InputError, match=r"^backbone\.sha256: .*as it was when the run was prep"):
        trainer.run_fn(prepared)


def test_the_machine_that_trains_has_its_own_list(
    prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, "https://tfhub.dev")
    with pytest.raises(InputError, match=rf"^backbone\.handle: got .* but {ENVIRONMENT} allows"):
        trainer.run_fn(prepared)


def test_the_base_is_part_of_the_checkpoints_fingerprint(prepared: Any, tmp_path: Path) -> None:
    """An interrupted training goes on only with the base that it began with."""
    (tmp_path / "module" / "saved_model.pb").write_bytes(b"another graph")
    options = prepared.custom_config[trainer.OPTIONS]
    keys = []
    for number, digest in enumerate(("", "5a", "5b", "5a")):
        options["checkpoints"] = str(tmp_path / f"checkpoints-{number}")
        base = Base(version=number, sha256=digest, reason="")
        model_record.write_start(Start(task="t", base=base), tmp_path / "base")
        prepared.base_model = str(tmp_path / "base") if digest else None
        with pytest.raises(InputError):
            trainer.run_fn(prepared)
        keys += [path.name for path in Path(options["checkpoints"]).iterdir()]
    assert keys[1] == keys[3]
    assert len(set(keys)) == 3
