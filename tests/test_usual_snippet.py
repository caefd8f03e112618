"""The statements of the page on the usual snippet are true, and its excerpts are valid."""

import importlib.util
import re
from types import ModuleType
from typing import Any

import pytest
import yaml

from pipeline.configuration.config import Config
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "usual_snippet.md").read_text(encoding="utf-8")
EXCERPTS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def line() -> ModuleType:
    """The script beside the page."""
    path = PROJECT / "docs" / "usual_snippet.py"
    spec = importlib.util.spec_from_file_location("usual_snippet", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def train(line: ModuleType) -> Any:
    return line.digits(line.TRAIN).first(240)


@pytest.fixture(scope="module")
def validation(line: ModuleType) -> Any:
    return line.digits(line.VALIDATION)


def test_a_loaded_module_is_no_layer_but_hubs_own_layer_wraps_it(line: ModuleType) -> None:
    facts = line.load_line()
    assert facts["hub.load in Sequential"].startswith("TypeError: ")
    assert "Layer" in facts["hub.load in Sequential"]
    assert "Only instances of `keras.Layer`" in facts["hub.KerasLayer, Keras 3"]
    assert facts["hub.KerasLayer, Keras 2"] == ["KerasLayer", "Dense"]


def test_a_slice_of_layers_trains_everything_or_nothing(line: ModuleType) -> None:
    facts = line.layers_line()
    assert facts["hub.load(handle).layers"].startswith("AttributeError: ")
    assert facts["members of model.layers[-5:]"] == 2
    assert facts["variables that train, all five set to True"] == 17
    assert facts["variables that train, all five set to False"] == 0


@pytest.mark.slow
def test_setting_trainable_has_no_effect_until_the_model_is_compiled_again(
    line: ModuleType, train: Any
) -> None:
    facts = line.trainable_line(train)
    assert (facts["trainable variables before"], facts["trainable variables after"]) == (2, 17)
    assert facts["of the module's 25, changed by fit"] == 0
    assert facts["changed by fit after compiling again"] == 25


@pytest.mark.slow
def test_batch_norm_changes_the_model_at_a_rate_of_zero(
    line: ModuleType, train: Any, validation: Any
) -> None:
    head = line.train_head(train, epochs=10)
    before = line.unfreeze_all(train, validation, head, epochs=0)
    after = line.unfreeze_all(train, validation, head, batch_size=4, epochs=1)
    assert (before.statistics, after.statistics) == (0, 10)
    assert after.validation < before.validation - 0.03
    assert after.training < after.same_images - 0.05


@pytest.mark.slow
def test_stored_statistics_stay_while_the_same_variables_train(
    line: ModuleType, train: Any, validation: Any
) -> None:
    head = line.train_head(train, epochs=10)
    snippet = line.unfreeze_all(train, validation, head, rate=1e-3, stored=True, epochs=2)
    assert snippet.statistics == 0
    assert snippet.same_images > 0.9


@pytest.mark.slow
def test_a_loss_weight_has_no_effect_with_adam_and_lowers_the_rate_with_sgd(
    line: ModuleType, train: Any
) -> None:
    facts = line.loss_weights_line(train)
    assert facts["Adam, difference"] < 0.2
    assert facts["Adam with epsilon=1e-20, difference"] < 1e-4
    assert facts["SGD, difference"] > 0.9
    assert facts["SGD, difference from a hundredth of the rate"] < 1e-3


@pytest.mark.slow
def test_a_penalty_shrinks_a_kernel_and_a_loss_weight_does_not(
    line: ModuleType, train: Any
) -> None:
    usual, weighted, penalised = line.regularisation(train).values()
    assert weighted == pytest.approx(usual, rel=0.01)
    assert penalised < 0.9 * usual


@pytest.mark.slow
def test_with_a_small_rate_a_new_head_hardly_learns_where_a_schedule_does(
    line: ModuleType, train: Any, validation: Any
) -> None:
    small = line.small_rate_line(train, validation, 1e-5, epochs=4)
    # (1 - beta_1) / sqrt(1 - beta_2) times the rate bounds a step: Kingma and Ba 2015, 2.1.
    assert small["largest movement of a weight"] <= 3.2 * small["rate x steps"]
    assert small["median movement"] < small["rate x steps"]
    first, last = line.SCHEDULE["stages"]
    shorter = {"stages": [{**first, "epochs": 2}, {**last, "epochs": 2}]}
    scheduled = line.thaw_schedule(train, validation, shorter)
    assert scheduled["validation accuracy"] > small["validation accuracy"] + 0.4
    assert scheduled["statistics changed"] == 0


@pytest.mark.parametrize("excerpt", EXCERPTS)
def test_each_excerpt_of_the_page_is_a_valid_configuration(excerpt: str) -> None:
    least = {"data": {"path": "photos"}, "backbone": {"handle": "module"}, "root": "root"}
    Config.model_validate({**least, **yaml.safe_load(excerpt)})


def test_the_page_names_its_script_its_schedule_and_files_that_exist(line: ModuleType) -> None:
    assert "docs/usual_snippet.py" in PAGE
    assert len(EXCERPTS) == 5
    assert yaml.safe_load(EXCERPTS[-1]) == {"finetune": line.SCHEDULE}
    links = re.findall(r"\]\((?!http)([^)]+)\)", PAGE)
    assert sum("recipes/" in link for link in links) == 3
    for link in links:
        assert (PROJECT / "docs" / link).is_file(), link
