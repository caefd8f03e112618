"""What each stage unfreezes, and how a schedule that does not fit is refused."""

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from modules.errors import InputError
from modules.finetune import schedule
from modules.settings import Finetune, Stage, check_class_weights


@dataclass(frozen=True)
class FakeBlock:
    name: str
    parameters: int = 10

    @property
    def variable_names(self) -> list[str]:
        return [f"{self.name}/kernel", f"{self.name}_bn/gamma"]


BLOCKS = [FakeBlock(name) for name in ("stem", "block_1", "block_2", "top")]


@pytest.mark.parametrize(
    ("unfreeze", "unfrozen"),
    [
        ("none", ()),
        ("all", (0, 1, 2, 3)),
        ({"last": 1}, (3,)),
        ({"last": 4}, (0, 1, 2, 3)),
        ({"fraction": 0.01}, (3,)),
        ({"fraction": 1e-11}, (3,)),
        ({"fraction": 0.5}, (2, 3)),
        ({"fraction": 0.51}, (1, 2, 3)),
        ({"fraction": 1.0}, (0, 1, 2, 3)),
        ({"match": ["^block_"]}, (1, 2)),
        ({"match": ["top", "stem_bn/gamma"]}, (0, 3)),
    ],
)
def test_each_form_unfreezes_its_blocks(unfreeze: object, unfrozen: tuple[int, ...]) -> None:
    stage = Stage.model_validate({"name": "s", "unfreeze": unfreeze})
    (planned,) = schedule.plan([stage], BLOCKS)
    assert planned.unfrozen == unfrozen
    described = schedule.describe(planned, BLOCKS)
    assert described["blocks"] == [BLOCKS[i].name for i in unfrozen]
    assert described["parameters"] == 10 * len(unfrozen)


def test_stages_are_absolute_not_added_up() -> None:
    stages = [
        Stage.model_validate({"name": name, "unfreeze": rule})
        for name, rule in (("a", "all"), ("b", {"last": 1}), ("c", "none"))
    ]
    planned = schedule.plan(stages, BLOCKS)
    assert [len(stage.unfrozen) for stage in planned] == [4, 1, 0]


def test_more_blocks_than_there_are_is_refused_with_the_number() -> None:
    stage = Stage.model_validate({"name": "deep", "unfreeze": {"last": 9}})
    with pytest.raises(InputError, match=r"stages\[deep\].*last: 9.*has 4 blocks"):
        schedule.plan([stage], BLOCKS)


def test_a_backbone_that_cannot_be_trained_is_refused_unless_only_the_head_trains() -> None:
    assert schedule.plan([Stage(name="head")], [])[0].unfrozen == ()
    for rule in ("all", {"last": 1}, {"match": ["x"]}):
        stage = Stage.model_validate({"name": "s", "unfreeze": rule})
        with pytest.raises(InputError, match="nothing that can be trained"):
            schedule.plan([stage], [])


def test_a_pattern_that_matches_nothing_is_refused_with_the_nearest_name() -> None:
    stage = Stage.model_validate({"name": "s", "unfreeze": {"match": ["blok_2"]}})
    with pytest.raises(InputError, match=r"'blok_2' matches no block.*'block_2'"):
        schedule.plan([stage], BLOCKS)


@pytest.mark.parametrize("blocks", range(1, 60))
def test_a_fraction_of_the_blocks_is_rounded_up_and_not_by_floating_point(blocks: int) -> None:
    for wanted in range(1, blocks + 1):
        stage = Stage.model_validate({"name": "s", "unfreeze": {"fraction": wanted / blocks}})
        (planned,) = schedule.plan([stage], [FakeBlock(str(i)) for i in range(blocks)])
        assert len(planned.unfrozen) == wanted


def test_layer_decay_counts_from_the_output_whatever_is_unfrozen() -> None:
    stages = [
        Stage.model_validate({"name": name, "unfreeze": rule, "layer_decay": 0.5})
        for name, rule in (("a", "all"), ("b", {"match": ["block_1", "top"]}), ("c", "none"))
    ]
    factors = [planned.rate_factors for planned in schedule.plan(stages, BLOCKS)]
    assert factors == [(0.0625, 0.125, 0.25, 0.5), (0.125, 0.5), ()]


@pytest.mark.parametrize(
    "unfreeze",
    ["half", {"last": 0}, {"first": 1}, {"match": ["("]}, {"fraction": 0}, {"fraction": 1.1}, 3],
)
def test_an_unknown_form_is_refused(unfreeze: object) -> None:
    with pytest.raises(ValidationError):
        Stage.model_validate({"name": "s", "unfreeze": unfreeze})


def test_a_stage_inherits_the_options_that_it_leaves_out() -> None:
    options = Finetune.model_validate(
        {
            "batch_size": 8,
            "optimizer": "sgd",
            "early_stopping": None,
            "augmentation": {"flip": "horizontal"},
            "stages": [
                {"name": "a"},
                {"name": "b", "batch_size": 4, "augmentation": {}, "optimizer": "adamw"},
            ],
        }
    )
    first, second = options.stages
    assert (first.batch_size, second.batch_size) == (8, 4)
    assert (first.optimizer.name, second.optimizer.name) == ("sgd", "adamw")
    assert first.early_stopping is second.early_stopping is None
    assert (first.augmentation.flip, second.augmentation.flip) == ("horizontal", "none")


def test_a_weight_for_an_unknown_class_is_refused() -> None:
    finetune = Finetune.model_validate({"stages": [{"name": "a", "class_weights": {7: 2.0}}]})
    check_class_weights(finetune, ["7", "8"])
    message = r"stages\[a\]\.class_weights: there is no class '7'; the labels are 'b', 'c'"
    with pytest.raises(InputError, match=message):
        check_class_weights(finetune, ["c", "b"])


def test_the_default_schedule_takes_the_options_for_all_stages() -> None:
    assert [s.batch_size for s in Finetune.model_validate({"batch_size": 4}).stages] == [4, 4]


def test_two_stages_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="'a' occurs twice"):
        Finetune(stages=(Stage(name="a"), Stage(name="a")))


def test_a_schedule_survives_a_round_trip_through_json() -> None:
    finetune = Finetune.model_validate(
        {"stages": [{"name": "a", "unfreeze": {"last": 2}}, {"name": "b", "unfreeze": "all"}]}
    )
    assert Finetune.model_validate_json(finetune.model_dump_json()) == finetune
