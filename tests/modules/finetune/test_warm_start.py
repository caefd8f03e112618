"""A training that starts from a served model: which models fit, and what becomes of classes."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modules import export, features, model_layout
from modules.backbones.blocks import blocks
from modules.finetune import model_record, schedule, training, warm_start
from modules.finetune.classifier import Classifier
from modules.finetune.model_record import Base, ModelRecord
from modules.finetune.weight_drift import pretrained_weights, weight_drift
from modules.images import image
from modules.settings import (
    Finetune,
    HeadOptions,
    ImageSpec,
    LinearHead,
    MlpHead,
    PluginOptions,
    Stage,
)
from tests.modules.bench import LABELS, SPEC, Bench, digit_images, stage
from tests.modules.test_export import LabelIndex

BASE = Base(version=3, sha256="5a", reason="from version 3, which was served")
LINEAR = LinearHead()
MLP = MlpHead(hidden_units=(16,), dropout=0.5)


class OwnHead(tf.Module):
    """A head that Thaw knows nothing of."""

    def __init__(self, features: int, classes: int, seed: int) -> None:
        super().__init__()
        del seed
        self.kernel = tf.Variable(tf.ones((features, classes)), name="own")

    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        return rows @ self.kernel


OWN = PluginOptions(name=f"{__name__}:OwnHead")


def written(
    bench: Bench, head: HeadOptions, folder: Path, labels: Sequence[str] = LABELS
) -> ModelRecord:
    """Writes what a training needs of a served version; returns its record."""
    record = warm_start.record_of(bench.model, SPEC, head, None)
    checkpoint = tf.train.Checkpoint(variables_in_use=bench.model.everything)
    checkpoint.write(str(folder / model_layout.VARIABLES))
    model_layout.write_labels(labels, folder)
    model_record.write(record, folder)
    return record


def trained(head: HeadOptions) -> Bench:
    """A model none of whose variables has the value that it was built with."""
    bench = Bench(head)
    for number, variable in enumerate(bench.model.everything):
        noise = tf.random.stateless_uniform(variable.shape, (number, 7), 0.9, 1.1)
        variable.assign(variable * noise + 0.01 * noise)
    return bench


def begun(
    folder: Path,
    head: HeadOptions = LINEAR,
    labels: Sequence[str] = LABELS,
    spec: ImageSpec = SPEC,
    **record: Any,
) -> tuple[warm_start.Outcome, Classifier]:
    """A new model that is to start from a folder; ``record`` replaces parts of its own record."""
    model = Classifier(Bench().module, len(labels), head)
    own = warm_start.record_of(model, spec, head, None).model_copy(update=record)
    return warm_start.begin(model, labels, own, BASE, folder), model


def logits(model: Classifier) -> Any:
    """Of 100 images, in one batch."""
    pixels = next(iter(digit_images(0, 100).dataset.batch(100)))
    return model.logits(image.to_range(pixels, SPEC)).numpy()


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bench]:
    """A version with a linear head, as Trainer exports it."""
    folder = tmp_path_factory.mktemp("linear")
    bench = trained(LINEAR)
    raw_spec = {features.LABEL: tf.io.FixedLenFeature((), tf.string)}
    transform: Any = SimpleNamespace(
        transform_features_layer=LabelIndex, raw_feature_spec=lambda: raw_spec
    )
    export.export(bench.model, LABELS, SPEC, transform=transform, folder=folder)
    model_record.write(warm_start.record_of(bench.model, SPEC, LINEAR, None), folder)
    return folder, bench


@pytest.fixture(scope="module")
def mlp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bench]:
    """A version with a hidden layer in its head."""
    folder = tmp_path_factory.mktemp("mlp")
    bench = trained(MLP)
    written(bench, MLP, folder)
    return folder, bench


@pytest.mark.kernels
def test_a_model_begins_with_the_scores_of_the_version_to_the_last_bit(
    linear: tuple[Path, Bench],
) -> None:
    folder, bench = linear
    outcome, model = begun(folder)
    assert outcome == warm_start.Outcome(True, 3, "5a", "from version 3, which was served")
    np.testing.assert_array_equal(logits(model), logits(bench.model))


@pytest.mark.kernels
@pytest.mark.parametrize("labels", [["0", "a", "b", *LABELS[2:], "z"], LABELS[1:], ["10", *LABELS]])
@pytest.mark.parametrize(("fixture", "head"), [("linear", LINEAR), ("mlp", MLP)])
def test_kept_classes_begin_with_the_logits_of_the_version_to_the_last_bit(
    fixture: str, head: HeadOptions, labels: list[str], request: pytest.FixtureRequest
) -> None:
    folder, bench = request.getfixturevalue(fixture)
    outcome, model = begun(folder, head, labels)
    assert outcome.warm
    assert set(outcome.new_labels) == set(labels) - set(LABELS)
    assert set(outcome.removed_labels) == set(LABELS) - set(labels)
    kept = [label for label in labels if label in LABELS]
    before, after = logits(bench.model), logits(model)
    np.testing.assert_array_equal(
        after[:, [labels.index(label) for label in kept]],
        before[:, [LABELS.index(label) for label in kept]],
    )
    kernel, bias = (variable.numpy() for variable in model.head[:2])
    for label in outcome.new_labels:
        column = labels.index(label)
        assert not kernel[:, column].any()
        assert bias[column] < min(bias[labels.index(label)] for label in kept)
        np.testing.assert_array_equal(after[:, column], np.full(100, bias[column]))


def test_the_reason_names_new_and_dropped_classes(mlp: tuple[Path, Bench]) -> None:
    outcome, _ = begun(mlp[0], MLP, [*LABELS[1:], "a"])
    assert outcome.sentence == (
        "warm start: from version 3, which was served; 1 class new to it: 'a'; 1 class dropped: '0'"
    )


def test_a_head_of_ones_own_is_taken_over_if_the_classes_are_the_same(tmp_path: Path) -> None:
    bench = trained(OWN)
    written(bench, OWN, tmp_path)
    outcome, model = begun(tmp_path, OWN)
    assert outcome.warm
    np.testing.assert_array_equal(model.head[0], bench.model.head[0])
    outcome, model = begun(tmp_path, OWN, LABELS[1:])
    assert not outcome.warm
    assert outcome.reason == (
        f"version 3 has other classes, and a head of your own ({OWN.name}) keeps its"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"backbone": "another"}, "was trained from another backbone"),
        ({"spec": SPEC.model_copy(update={"width": 64})}, "sees images otherwise: its width is 32"),
        (
            {"spec": SPEC.model_copy(update={"input_range": (-1.0, 1.0)})},
            "sees images otherwise: its input_range is (0.0, 1.0)",
        ),
        ({"head": MLP}, "has another head"),
        ({"labels": ["a", "b"]}, "has none of the classes"),
        ({"variables": ()}, "has other variables"),
    ],
)
def test_a_version_whose_weights_would_mean_something_else_is_no_start(
    linear: tuple[Path, Bench], changes: dict[str, Any], reason: str
) -> None:
    outcome, model = begun(linear[0], **changes)
    assert outcome == warm_start.Outcome(False, 3, "5a", f"version 3 {reason}")
    assert outcome.sentence == f"cold start: version 3 {reason}"
    new = Classifier(Bench().module, model.classes, changes.get("head", LINEAR))
    for variable, as_built in zip(model.everything, new.everything, strict=True):
        np.testing.assert_array_equal(variable, as_built)


def test_another_dropout_is_not_another_head(mlp: tuple[Path, Bench]) -> None:
    assert begun(mlp[0], MLP.model_copy(update={"dropout": 0.0}))[0].warm


def _flip_a_byte(folder: Path) -> None:
    (path,) = folder.glob("variables/*.data-*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut_the_weights(folder: Path) -> None:
    (path,) = folder.glob("variables/*.data-*")
    path.write_bytes(path.read_bytes()[:1000])


def _drop_the_index(folder: Path) -> None:
    (folder / "variables" / "variables.index").unlink()


def _drop_the_record(folder: Path) -> None:
    (folder / model_layout.MODEL).unlink()


def _drop_the_labels(folder: Path) -> None:
    (folder / model_layout.LABELS).unlink()


def _spoil_the_record(folder: Path) -> None:
    (folder / model_layout.MODEL).write_bytes(b'{"backbone": 7')


def _spoil_the_labels(folder: Path) -> None:
    (folder / model_layout.LABELS).write_bytes(b"\xff\n")


def _rename_the_variables(folder: Path) -> None:
    checkpoint = tf.train.Checkpoint(other=tf.Variable([1.0]))
    checkpoint.write(str(folder / model_layout.VARIABLES))


def _reshape_a_variable(folder: Path) -> None:
    bench = Bench(MLP)
    changed = [tf.Variable([1.0]), *bench.model.everything[1:]]
    tf.train.Checkpoint(variables_in_use=changed).write(str(folder / model_layout.VARIABLES))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_flip_a_byte, "is damaged: its variables cannot be read ("),
        (_cut_the_weights, "is damaged: its variables cannot be read ("),
        (_drop_the_index, "is damaged: its variables cannot be read ("),
        (_rename_the_variables, "is damaged: its variables cannot be read ("),
        (_reshape_a_variable, "is damaged: head/kernel is not as its record says"),
        (_drop_the_record, "has no thaw_model.json, so it is not Thaw's, or an earlier Thaw"),
        (_drop_the_labels, "has no labels.txt, so it is not Thaw's, or an earlier Thaw"),
        (_spoil_the_record, "is damaged: assets.extra/thaw_model.json is not as Thaw writes it"),
        (_spoil_the_labels, "is damaged: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_damaged_version_is_no_start_and_ends_nothing(
    mlp: tuple[Path, Bench], tmp_path: Path, damage: Any, reason: str
) -> None:
    folder = shutil.copytree(mlp[0], tmp_path / "copy")
    damage(folder)
    outcome, model = begun(folder, MLP)
    assert not outcome.warm
    assert outcome.reason.startswith(f"version 3 {reason}")
    assert not model.head[0].numpy().any()


def test_without_a_base_nothing_is_read(tmp_path: Path) -> None:
    model = Bench().model
    own = warm_start.record_of(model, SPEC, LINEAR, None)
    none = Base(reason="there is no served version yet")
    outcome = warm_start.begin(model, LABELS, own, none, tmp_path / "none")
    assert outcome.sentence == "cold start: there is no served version yet"
    assert outcome.version is None


def fit_warm(folder: Path, *stages: Stage, **overrides: Any) -> tuple[Any, dict[str, float]]:
    """Trains from a version; returns the first result, and the drift before any training."""
    bench = Bench(**overrides)
    pretrained = pretrained_weights(bench.blocks)
    own = warm_start.record_of(bench.model, SPEC, LINEAR, None)
    assert warm_start.begin(bench.model, LABELS, own, BASE, folder).warm
    at_start = weight_drift(bench.blocks, pretrained)
    finetune = Finetune(stages=stages)
    planned = schedule.plan(stages, bench.blocks)
    results = training.fit(bench.context(finetune), planned, pretrained)
    return results[0], at_start


def test_drift_is_measured_from_the_pretrained_weights(linear: tuple[Path, Bench]) -> None:
    result, at_start = fit_warm(linear[0], stage())
    assert set(at_start) == {block.name for block in blocks.blocks_of(Bench().module)}
    assert result.weight_drift == at_start


def test_l2_sp_pulls_towards_the_pretrained_weights(linear: tuple[Path, Bench]) -> None:
    options = {"unfreeze": "all", "epochs": 2, "learning_rate": 1e-3, "optimizer": "sgd"}
    free, _ = fit_warm(linear[0], stage(**options, early_stopping=None))
    pulled, at_start = fit_warm(linear[0], stage(**options, early_stopping=None, l2_sp=10.0))
    for block, distance in at_start.items():
        assert pulled.weight_drift[block] < min(distance, free.weight_drift[block])


def test_the_accuracy_on_earlier_images_before_the_first_stage_is_the_versions(
    linear: tuple[Path, Bench],
) -> None:
    earlier = digit_images(300, 40)
    result, _ = fit_warm(linear[0], stage(), earlier=earlier)
    right = np.argmax(linear[1].model.logits(
        image.to_range(next(iter(earlier.dataset.batch(40))), SPEC)
    ), axis=-1) == earlier.labels  # fmt: skip
    assert result.earlier["before"] == pytest.approx(right.mean())
