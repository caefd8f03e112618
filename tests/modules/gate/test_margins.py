"""How small a margin so many test images can show."""

import pytest
from pydantic import ValidationError

from modules.gate import margins
from modules.gate.statistics import non_inferiority
from modules.settings import Evaluation

SURE = 0.99


def test_the_margin_of_auto_falls_with_the_number_of_images_to_one_in_twenty() -> None:
    result = [margins.smallest(n, SURE) for n in (30, 40, 81, 100, 200, 330, 5000)]
    assert result == [0.25, 0.195, 0.12, 0.105, 0.07, 0.05, 0.05]
    assert margins.images_for(0.05, SURE) == 330


def test_it_is_never_wider_than_a_quarter() -> None:
    assert margins.smallest(10, SURE) == margins.WIDEST
    assert non_inferiority(0, 0, 16, margins.WIDEST) > 1 - SURE  # so few can show nothing
    assert non_inferiority(0, 0, 17, margins.WIDEST) <= 1 - SURE


@pytest.mark.parametrize("n", [30, 81, 200])
def test_a_model_that_is_as_good_is_blessed_nine_times_in_ten(n: int) -> None:
    def power(margin: float) -> float:
        least = margins.least_gains(
            lambda gained, lost: non_inferiority(gained, lost, n, margin) <= 1 - SURE
        )
        return margins.chance(least, n, margins.APART, 0.0)

    margin = margins.smallest(n, SURE)
    assert power(margin) >= margins.POWER > power(margin - margins.STEP)


def test_a_margin_of_ones_own_is_taken_whatever_the_images() -> None:
    assert margins.of(Evaluation(margin=0.02), 40) == 0.02
    assert margins.of(Evaluation(), 40) == 0.195


@pytest.mark.parametrize("value", [0, 1, -0.1, "wide", "0.05", True, None, [0.05], float("nan")])
def test_a_margin_is_auto_or_a_number_between_none_and_all(value: object) -> None:
    with pytest.raises(ValidationError, match=r"must be auto, or a number above 0 and below 1"):
        Evaluation.model_validate({"margin": value})
    assert Evaluation.model_validate({"margin": "auto"}).margin == "auto"
