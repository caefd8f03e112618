"""Runs are killed outright at many moments; a version is served at each, and nothing is lost."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.e2e.thaw import summary_in
from tests.faults.chain import Served
from tests.faults.running import Moment

pytestmark = pytest.mark.e2e

# All that a stage can keep and move: dropout, a running mean, variations, layer decay, statistics.
STAGES = (
    "[{name: head, epochs: 3, learning_rate: 0.003, dropout: 0.1},"
    "{name: partial, unfreeze: {last: 2}, epochs: 5, early_stopping: null, ema: 0.95,"
    " augmentation: {crop: 0.8, rand_augment: {magnitude: 3}}, layer_decay: 0.7,"
    " learning_rate: {peak: 0.001, warmup_epochs: 1, decay: cosine}},"
    "{name: full, unfreeze: all, epochs: 3, early_stopping: null, learning_rate: 0.0003,"
    " batch_norm: {statistics: update}, optimizer: {name: adamw, weight_decay: 0.01}}]"
)

# The most delicate ones: half-written records, an epoch, another process, and both sides of the
# rename that makes a version.
DELICATE = (
    Moment("image_example_gen", path="artifacts/ImageExampleGen/examples/*/Split-train/*"),
    Moment("trainer", line="stage=partial epoch=3/5"),
    Moment("trainer", line="stage=full epoch=1/3", seconds=0.1),
    Moment("pusher", path="serving/.*.partial/variables/*"),
    Moment("pusher", path="serving/[0-9]*"),
)

# Each chain goes through all nodes; moments of one node differ from chain to chain.
CHAINS = (
    (
        Moment("prepare"),
        Moment("prepare", 4.0),
        Moment("image_example_gen", 0.2),
        Moment("statistics_gen", 1.0),
        Moment("transform", 1.0),
        Moment("trainer", 2.0),
        Moment("trainer", line="epoch=1/8"),
        Moment("trainer", path="artifacts/Trainer/model/*/Format-Serving/*"),
        Moment("baseline", 0.05),
        Moment("evaluator", 2.0),
        Moment("infra_check", path="artifacts/InfraCheck/blessing/*"),
        Moment("gate", 0.1),
        Moment("pusher", path="serving/.lock.json"),
        Moment("pusher", path="serving/.*.partial"),
        Moment("pusher", path="serving/[0-9]*", seconds=0.02),
        Moment("run_summary", 0.02),
    ),
    (
        Moment("prepare", 1.0),
        Moment("curated_schema", 0.1),
        Moment("image_example_gen", path="artifacts/ImageExampleGen/ingestion/*"),
        Moment("statistics_gen", 4.0),
        Moment("example_validator", 0.1),
        Moment("transform", path="artifacts/Transform/transform_graph/*/transform_fn"),
        Moment("trainer", line="frozen part"),
        Moment("trainer", line="epoch=5/8", seconds=0.02),
        Moment("trainer", path="artifacts/Trainer/model_run/*/*"),
        Moment("evaluator", path="artifacts/Evaluator/evaluation/*/*"),
        Moment("infra_check", path="tmp/thaw-infra-*/*", seconds=6.0),
        Moment("gate", 0.3),
        Moment("model_card", 0.05),
        Moment("pusher", path="serving/.*.partial/saved_model.pb"),
        Moment("pusher", path="serving/.*.partial/assets.extra/thaw.json"),
        Moment("run_summary", path="artifacts/RunSummary/summary/*"),
        Moment(""),
    ),
    (
        Moment("prepare", 7.0),
        Moment("image_example_gen", 0.6),
        Moment("data_check", 0.05),
        Moment("transform", 3.0),
        Moment("trainer", line="epoch=2/8", seconds=0.1),
        Moment("trainer", line="epoch=8/8"),
        Moment("baseline", path="artifacts/Baseline/baseline/*"),
        Moment("evaluator", 5.0),
        Moment("infra_check", 0.2),
        Moment("gate", path="artifacts/Gate/blessing/*/*"),
        Moment("model_card", path="artifacts/ModelCard/card/*/*"),
        Moment("pusher", 0.05),
        Moment("pusher", 0.1),
        Moment("pusher", 0.2),
        Moment("run_summary"),
        Moment("", 0.01),
    ),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A root in which a first version was pushed."""
    folder = tmp_path_factory.mktemp("faults")
    served = Served(folder / "root", folder / "images")
    served.more_images(25)
    served.finish(seed=0)
    return served


def weights(root: Path) -> list[Any]:
    """The served model's variables, in the order of the SavedModel."""
    version = root / "serving" / str(summary_in(root)["model_version"])
    return [variable.numpy() for variable in tf.saved_model.load(str(version)).variables_in_use]


def test_five_kills_lose_nothing_push_nothing_twice_and_change_no_weight(served: Served) -> None:
    served.more_images(5)
    served.stages = STAGES
    served.chain(1, DELICATE)
    assert served.kills == list(DELICATE)
    stages = summary_in(served.root)["stages"]
    assert any(stage["resumed"] for stage in stages)

    whole = Served(served.root.parent / "whole", served.images, stages=STAGES)
    whole.finish(seed=1)
    undisturbed = summary_in(whole.root)["stages"]
    assert not any(stage["resumed"] for stage in undisturbed)
    for stage, other in zip(stages, undisturbed, strict=True):
        for key in ("name", "epochs", "best_epoch", "stopped_by", "shipped"):
            assert stage[key] == other[key]
        np.testing.assert_allclose(stage["train_loss"], other["train_loss"], rtol=1e-4)
    for value, other in zip(weights(served.root), weights(whole.root), strict=True):
        np.testing.assert_allclose(value, other, rtol=0, atol=1e-5)
    assert not (served.root / "checkpoints").exists()


@pytest.mark.slow
def test_forty_kills_lose_nothing_and_push_nothing_twice(served: Served) -> None:
    served.stages = ""
    for seed, moments in enumerate(CHAINS, start=2):
        served.more_images(5)
        served.chain(seed, moments)
    print(f"{len(served.kills)} kills: {', '.join(map(str, served.kills))}")
    assert len(served.kills) >= 45
