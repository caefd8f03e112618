"""The automatic schedule is valid for any data, and the config's options take precedence."""

from pathlib import Path

import pytest

from modules.errors import InputError
from modules.finetune import auto, schedule
from modules.finetune.auto import ScheduleInputs, choose_stages
from modules.settings import Finetune
from pipeline.configuration import loading
from tests.modules.bench import SPEC, Bench
from tests.pipeline.configuration.test_loading import WHOLE, written

SIZES = [1, 2, 10, 80, 200, 319, 320, 1000, 1650, 20_000, 1_000_000]


def rule_inputs(images: int, blocks: int = 14) -> ScheduleInputs:
    return ScheduleInputs(images, 10, 224, blocks, 200_000)


@pytest.mark.parametrize("images", SIZES)
@pytest.mark.parametrize("blocks", [0, 1, 5, 100])
def test_auto_chooses_a_valid_schedule_for_any_data(images: int, blocks: int) -> None:
    options = auto.resolve(
        Finetune.model_validate({"schedule": "auto"}), rule_inputs(images, blocks)
    )
    assert options.stages
    assert all(stage.epochs <= 40 for stage in options.stages)
    assert (blocks > 0) == any(stage.unfreeze != "none" for stage in options.stages)
    # The head comes first: from a random one, gradients would undo the pretraining.
    assert options.stages[0].unfreeze == "none"


@pytest.mark.parametrize("images", SIZES)
def test_a_stage_takes_its_steps_as_far_as_its_epochs_may_go(images: int) -> None:
    wanted = (500, 500 if images < 400 else 400)
    for stage, least, most in zip(
        choose_stages(rule_inputs(images)), wanted, (40, 30), strict=True
    ):
        steps = stage["epochs"] * -(-images // stage["batch_size"])
        assert steps >= least or stage["epochs"] == most


def test_with_many_images_everything_is_unfrozen() -> None:
    assert choose_stages(rule_inputs(399))[1]["unfreeze"] == {"fraction": 0.5}
    assert choose_stages(rule_inputs(400))[1]["unfreeze"] == "all"


def test_a_larger_backbone_has_a_lower_rate() -> None:
    def peak(parameters: int) -> float:
        partial = choose_stages(ScheduleInputs(1000, 10, 224, 14, parameters))[1]
        return float(partial["learning_rate"]["peak"])

    assert peak(1000) == peak(213_072) == 1e-3
    assert peak(25_000_000) == pytest.approx(1e-4)


def test_options_of_the_config_for_all_stages_take_precedence_over_the_choice() -> None:
    options = Finetune.model_validate(
        {"schedule": "auto", "batch_size": 8, "augmentation": {"crop": 0.9}, "seed": 3}
    )
    resolved = auto.resolve(options, rule_inputs(1000))
    assert {stage.batch_size for stage in resolved.stages} == {8}
    assert {stage.augmentation.crop for stage in resolved.stages} == {0.9}
    assert resolved.seed == 3


def test_a_listed_schedule_is_left_as_it_is() -> None:
    options = Finetune.model_validate({"stages": [{"name": "a", "epochs": 3}]})
    assert auto.resolve(options, rule_inputs(10)) is options
    description = auto.describe(options, options, rule_inputs(10))
    assert description["chosen_by"] == "config"
    assert [stage["name"] for stage in description["stages"]] == ["a"]


def test_the_choice_fits_a_real_backbone_and_is_described_in_full() -> None:
    bench = Bench()
    options = Finetune.model_validate({"schedule": "auto"})
    seen = auto.schedule_inputs(240, 10, SPEC, bench.blocks)
    assert (seen.images, seen.side, seen.blocks, seen.parameters) == (240, 32, 5, 102_320)
    resolved = auto.resolve(options, seen)
    assert schedule.plan(resolved.stages, bench.blocks)
    description = auto.describe(options, resolved, seen)
    assert description["chosen_by"] == "auto"
    # What is told can be put into a config as it stands.
    assert Finetune.model_validate({"stages": description["stages"]}).stages == resolved.stages


def test_auto_and_a_list_of_stages_exclude_each_other(tmp_path: Path) -> None:
    text = WHOLE + "finetune: {schedule: auto, stages: [{name: a}]}\n"
    rule = r"finetune\.stages: schedule: auto chooses the stages; remove the stages"
    with pytest.raises(InputError, match=rule):
        loading.load(written(tmp_path, text))
    config = loading.load(written(tmp_path, WHOLE + "finetune: {schedule: auto}\n"))
    assert config.finetune.stages == ()
