"""A stage with a cache of its frozen part's outputs learns the same as one without."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules.backbones import cut as cutting
from modules.finetune import schedule, stage_data
from modules.finetune.cache_plan import CachePlan, plan_caches, shared_passes
from modules.images.feature_cache import Storage
from modules.images.inputs import Images
from modules.settings import Finetune, Stage
from tests.modules.bench import TRAIN, VALIDATION, Bench, digit_images, stage

VARY = {"crop": 0.8, "flip": "horizontal"}


def plans(*stages: Stage, **options: object) -> list[CachePlan]:
    bench = Bench()
    context = bench.context(Finetune(stages=stages, **options))  # type: ignore[arg-type]
    return plan_caches(context, schedule.plan(stages, bench.blocks))


def count_passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Notes, for every batch that a frozen part gets, how many images it holds."""
    seen: list[int] = []
    original = cutting.frozen_part

    def counted(cuts: Any) -> Any:
        run = original(cuts)

        def note(images: tf.Tensor) -> list[list[tf.Tensor]]:
            tf.py_function(lambda count: seen.append(int(count)), [tf.shape(images)[0]], [])
            return run(images)

        return note

    monkeypatch.setattr(stage_data, "frozen_part", counted)
    return seen


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"unfreeze": "none"}, "embeddings"),
        ({"unfreeze": {"last": 1}}, "activations"),
        ({"unfreeze": {"match": ["block_2", "block_4"]}}, "activations"),
        ({"unfreeze": {"last": 2}, "batch_norm": {"statistics": "update"}}, "activations"),
        ({"unfreeze": {"last": 2}, "batch_norm": {"affine": "frozen"}}, "activations"),
        ({"unfreeze": {"last": 2}, "ema": 0.9, "dropout": 0.2, "l2_sp": 0.1}, "activations"),
        ({"augmentation": VARY, "cached_variants": 2, "unfreeze": {"last": 1}}, "activations"),
    ],
)
def test_a_stage_with_a_cache_ends_with_the_weights_of_one_without(
    rule: dict[str, object], kind: str
) -> None:
    kept, made_anew = Bench(), Bench()
    (result,) = kept.fit(stage(epochs=2, **rule))
    (other,) = made_anew.fit(stage(epochs=2, **rule, cache="none"))
    assert (result.cache, other.cache) == (kind, "none")
    assert result.cache_mb > 0 == other.cache_mb
    np.testing.assert_allclose(result.train_loss, other.train_loss, rtol=1e-4)
    np.testing.assert_allclose(result.validation_loss, other.validation_loss, rtol=1e-4)
    for name, value in made_anew.weights().items():
        np.testing.assert_allclose(kept.weights()[name], value, rtol=0, atol=2e-4, err_msg=name)


def test_each_image_passes_through_the_frozen_part_once_whatever_the_epochs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = count_passes(monkeypatch)
    Bench().fit(
        stage(name="head", epochs=4),
        stage(name="partial", unfreeze={"last": 2}, epochs=3),
    )
    assert sum(seen) == TRAIN.count + VALIDATION.count


def test_cached_variants_are_computed_once_and_used_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = count_passes(monkeypatch)
    (result,) = Bench().fit(stage(epochs=5, augmentation=VARY, cached_variants=3))
    assert sum(seen) == 3 * TRAIN.count + VALIDATION.count
    assert result.cache == "embeddings"
    row = 96 * 4 / (1 << 20)
    assert result.cache_mb == pytest.approx(row * sum(seen), rel=1e-2)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"unfreeze": "all"}, "the first layer is among what changes"),
        ({"cache": "none"}, "the stage says so"),
        ({"augmentation": VARY}, "other images in every epoch, and cached_variants is 0"),
        ({"augmentation": {"mixup": 0.2}}, "mixup and CutMix make other images"),
    ],
)
def test_a_stage_without_a_cache_says_why(rule: dict[str, object], reason: str) -> None:
    (plan,) = plans(stage(**rule))
    assert plan.kind == "none"
    assert reason in plan.reason


def test_a_cache_that_would_be_too_large_is_not_kept() -> None:
    heavy = stage(unfreeze={"last": 3})
    (plan,) = plans(heavy, cache_mb=0, cache_disk_mb=1)
    assert plan.kind == "none"
    assert "would take 9 MB, and 1 MB are set aside" in plan.reason
    (plan,) = plans(heavy, cache_mb=0, cache_disk_mb=16)
    assert plan.kind == "activations"


def test_stages_share_a_pass_as_long_as_nothing_before_their_cuts_changes() -> None:
    def groups(*stages: Stage, limit: float = 100) -> list[list[int]]:
        return shared_passes(plans(*stages), limit)

    head = stage(name="head")
    last, two = (stage(name=str(n), unfreeze={"last": n}) for n in (1, 2))
    everything = stage(name="all", unfreeze="all")
    varied = stage(name="varied", augmentation=VARY, cached_variants=2)
    assert groups(head, last, two) == [[0, 1, 2]]
    # The second frozen part holds the block that the first stage trains.
    assert groups(two, last) == [[0], [1]]
    assert groups(head, everything, last) == [[0], [2]]
    assert groups(head, varied, last) == [[0], [1], [2]]
    assert groups(head, last, limit=0.5) == [[0], [1]]


@pytest.mark.parametrize("memory_mb", [64, 0])
def test_tables_are_on_disk_where_memory_is_short_and_are_removed(
    memory_mb: int, tmp_path: Path
) -> None:
    def moved(images: Images) -> Images:
        storage = Storage(memory_mb, 64, tmp_path)
        return Images(images.dataset, images.labels, 10, storage)

    bench = Bench(train=moved(digit_images(0, 240)), validation=moved(digit_images(240, 60)))
    expected = Bench()
    rules = stage(name="a", unfreeze={"last": 1}), stage(name="b", unfreeze="all")
    bench.fit(*rules)
    expected.fit(*rules)
    np.testing.assert_allclose(bench.model.head[0], expected.model.head[0], rtol=0, atol=1e-5)
    # Pixels stay for the next stage, if there were one; what the first stage kept is gone.
    assert len(list(tmp_path.iterdir())) == (0 if memory_mb else 2)
