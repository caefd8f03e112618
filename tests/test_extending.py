"""The page on plug-ins: its code runs, as its configs name it, and is part of the cache keys."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules import plugins
from modules.errors import InputError
from modules.finetune import schedule, training
from modules.gate import rules
from modules.images.augmentation import augment
from modules.settings import ImageSpec
from pipeline import plugin_checks, preflight
from pipeline.caching.provenance import source_fingerprint
from pipeline.commands import gate
from pipeline.configuration import loading, safe_yaml
from pipeline.configuration.config import Config
from tests.conftest import GLYPHS, PROJECT, picture
from tests.modules.bench import Bench
from tests.modules.gate.answers import predictions, right

BLOCK = re.compile(r"```(python|yaml)\n(.*?)```", re.DOTALL)
PAGE = BLOCK.findall((PROJECT / "docs" / "extending.md").read_text(encoding="utf-8"))
IMAGE = ImageSpec(height=32, width=32)


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    both = {key: value for key, value in second.items() if key not in first}
    return both | {
        key: merged(value, second[key]) if isinstance(second.get(key), dict) else value
        for key, value in first.items()
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's modules, and a config of all its YAML."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THAW_PLUGINS", "")
    config: dict[str, Any] = {"data": {"path": "photos"}, "backbone": {"handle": str(GLYPHS)}}
    for language, text in PAGE:
        if language == "yaml":
            config = merged(config, safe_yaml.parse(text))
        else:
            (name,) = re.findall(r"^# (\w+\.py)$", text, re.MULTILINE)
            (tmp_path / name).write_text(text, encoding="utf-8")
    config["finetune"]["stages"] = [{"name": "head", "epochs": 1, "learning_rate": 0.01}]
    (tmp_path / "own.yaml").write_text(json.dumps(config), encoding="utf-8")
    yield tmp_path
    plugins.search_in(tmp_path)


def load(folder: Path) -> Config:
    """As a run does before it lists an image."""
    config = loading.load(folder / "own.yaml")
    preflight.find_plugins(config)
    return config


def check(folder: Path) -> None:
    """As preparing a run does."""
    config = load(folder)
    plugin_checks.check_training(config.finetune, list(config.finetune.stages), IMAGE, 8)
    plugin_checks.check_gate(config.evaluation)


def test_every_plugin_of_the_page_is_found_and_passes_the_checks(folder: Path) -> None:
    check(folder)
    assert load(folder).plugins == {
        "my_sources:json_lines": "data.format",
        "my_heads:Cosine": "finetune.head",
        "my_losses:focal": "finetune.stages[head].loss",
        "my_images:dim": "finetune.stages[head].augmentation.operations",
        "my_metrics:careful": "evaluation.rules",
        "my_metrics:brier": "evaluation.rules",
    }


def test_the_pages_head_loss_and_augmentation_train_as_the_config_says(folder: Path) -> None:
    finetune = load(folder).finetune
    bench = Bench(finetune.head)
    before = bench.model.head[0].numpy()
    (result,) = training.fit(bench.context(finetune), schedule.plan(finetune.stages, bench.blocks))
    assert result.trained_variables == ["head/directions"]
    assert np.any(bench.model.head[0].numpy() != before)
    assert np.isfinite(result.train_loss).all()


def test_the_pages_operation_makes_images_darker(folder: Path) -> None:
    options = load(folder).finetune.stages[0].augmentation.model_copy(update={"flip": "none"})
    pixels = picture(32, 32)
    for seed in range(5):
        image = augment(tf.constant(pixels), tf.constant([seed, 0]), options).numpy()
        assert 0.39 * pixels.mean() < image.mean() < pixels.mean()


def test_the_pages_metrics_are_asked_in_rules(folder: Path) -> None:
    evaluation = load(folder).evaluation
    asked = list(rules.absolute(evaluation, predictions(right(54, 6))))
    names = [rule.name for rule in asked if rule.metric in ("careful", "brier")]
    assert names == ["min_careful"] * 3 + ["max_brier"]
    compared = rules.comparing(evaluation, predictions(right(54, 6), right(60, 0)))
    assert sum(rule.name == "max_drop_careful" for rule in compared) == 3


def test_editing_a_plugin_changes_the_fingerprint_of_the_node_that_calls_it(folder: Path) -> None:
    def fingerprints() -> tuple[str, str]:
        config = load(folder)
        return (
            source_fingerprint("modules.errors", plugins=config.finetune.plugins),
            source_fingerprint("modules.errors", plugins=config.evaluation.plugins),
        )

    trainer, gate = fingerprints()
    assert fingerprints() == (trainer, gate)
    metrics = folder / "my_metrics.py"
    metrics.write_text(metrics.read_text().replace("< 0.9", "< 0.8"), encoding="utf-8")
    edited = fingerprints()
    assert (edited[0] == trainer, edited[1] == gate) == (True, False)
    for name in ("my_heads.py", "my_losses.py", "my_images.py"):
        path = folder / name
        path.write_text(path.read_text() + "\nEDITED = True\n", encoding="utf-8")
        last, edited = edited, fingerprints()
        assert (edited[0] == last[0], edited[1] == last[1]) == (False, True)


def test_a_plugin_that_is_nowhere_is_refused_before_an_image_is_listed(folder: Path) -> None:
    (folder / "my_heads.py").unlink()
    config = loading.load(folder / "own.yaml")  # As for a rollback, which needs none.
    with pytest.raises(InputError) as error:
        preflight.find_plugins(config)
    assert str(error.value) == (
        "finetune.head: got 'my_heads:Cosine', but there is no module 'my_heads' among the "
        f"installed packages, nor in {folder}; correct the name, install the package, or put the "
        "file beside the config"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("my_heads", "scale=10.0", "size=10.0", "finetune.head: my_heads:Cosine takes "),
        (
            "my_losses",
            "axis=-1",
            "axis=-1, keepdims=True",
            "focal turns logits and targets of [2, 3] into",
        ),
        (
            "my_losses",
            "(1.0 - likely)",
            "tf.ones(logits.shape[0])",
            "my_losses:focal failed for logits and targets of [n, 3]: ",
        ),
        ("my_losses", "def focal", "def local", "finetune.stages[head].loss: my_losses ("),
        ("my_losses", "** gamma", "** gamma / 0.0", "my_losses:focal gives [inf, inf] for logits"),
        ("my_images", "tf.uint8", "tf.int32", "finetune.augmentation.operations: my_images:dim"),
        ("my_images", "tf.cast(image,", "tf.cast(image.numpy(),", "dim failed: AttributeError"),
        ("my_images", ".stateless_uniform([], seed,", ".uniform([],", "from the seed alone"),
        ("my_metrics", ".hit |", ".hits |", "evaluation.rules: my_metrics:careful failed: "),
    ],
)
def test_a_plugin_that_does_not_fit_is_refused_before_any_image_is_read(
    folder: Path, name: str, old: str, new: str, message: str
) -> None:
    path = folder / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as error:
        check(folder)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_gate_needs_no_head_of_ones_own(folder: Path, tmp_path: Path) -> None:
    (folder / "my_heads.py").unlink()
    config = loading.load(folder / "own.yaml")
    model = tmp_path / "model"
    model.mkdir()
    (model / "saved_model.pb").touch()
    with pytest.raises(InputError, match=r"^data\.format: my_sources:json_lines list_images"):
        gate.judge(config, model, None)


def test_each_config_calls_the_plugins_beside_it_whichever_was_read_last(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    for path in folder.glob("my_*.py"):
        (other / path.name).write_text("EMPTY = True\n", encoding="utf-8")
    (other / "own.yaml").write_bytes((folder / "own.yaml").read_bytes())
    config = loading.load(folder / "own.yaml")
    loading.load(other / "own.yaml")
    preflight.find_plugins(config)
    assert Path(plugins.load("my_heads:Cosine", "key").__call__.__code__.co_filename).parent == (
        folder
    )


def test_a_config_that_runs_again_calls_its_plugins_as_they_are_now(folder: Path) -> None:
    config = load(folder)
    path = folder / "my_heads.py"
    plugin_checks.check_training(config.finetune, [], IMAGE, 8)
    path.write_text("raise KeyError('edited')\n", encoding="utf-8")
    preflight.find_plugins(config)
    with pytest.raises(InputError, match="importing my_heads failed: KeyError"):
        plugin_checks.check_training(config.finetune, [], IMAGE, 8)
