"""Heads: the linear one, hidden layers, and a user's own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import TypeAdapter, ValidationError

from modules import plugins
from modules.errors import InputError
from modules.finetune import schedule, training
from modules.finetune.checkpoints import Checkpoint
from modules.finetune.classifier import Classifier
from modules.finetune.heads import HEADS, build_head
from modules.settings import Finetune, Head, LinearHead, MlpHead, PluginOptions
from tests.modules.bench import Bench, stage

HEAD: TypeAdapter[Any] = TypeAdapter(Head)
MLP = MlpHead(hidden_units=(16, 8), dropout=0.5)

OWN = """
import tensorflow as tf
import tf_keras


class Scaled(tf.Module):
    def __init__(self, features, classes, seed, scale=1.0):
        super().__init__()
        self.scale = scale
        self.weights = tf.Variable(tf.zeros((features, classes)))

    def __call__(self, features):
        return self.scale * tf.linalg.matmul(features, self.weights)


def keras(features, classes, seed):
    return tf_keras.layers.Dense(classes)


def layers(features, classes, seed):
    return tf_keras.Sequential([tf_keras.layers.Dense(4), tf_keras.layers.Dense(classes)])


class Eager(Scaled):
    def __call__(self, features):
        return tf.constant(super().__call__(features).numpy())


class NotANumber(Scaled):
    def __call__(self, features):
        return super().__call__(features) / 0.0


class Counting(Scaled):
    def __call__(self, features):
        self.weights.assign_add(tf.ones_like(self.weights))
        return super().__call__(features)


class OfTwo(Scaled):
    def __call__(self, features):
        return super().__call__(features) + tf.zeros((features.shape[0], 1))


of_two, eager, not_a_number, counting = OfTwo, Eager, NotANumber, Counting


def no_layer(features, classes, seed):
    return lambda features: tf.zeros((2, classes))


def wrong_width(features, classes, seed):
    return tf_keras.layers.Dense(classes + 1)


def untrained(features, classes, seed):
    return tf_keras.layers.Lambda(lambda x: tf.zeros((tf.shape(x)[0], classes)))


def no_head(features, classes, seed):
    return 3


def fails(features, classes, seed):
    raise KeyError("weights")
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module ``thaw_heads`` of a user's own heads."""
    (tmp_path / "thaw_heads.py").write_text(OWN, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THAW_PLUGINS", "")
    plugins.search_in(tmp_path)
    yield
    plugins.search_in(tmp_path)


def fitted(head: object) -> Bench:
    options = Finetune.model_validate({"head": head, "stages": [stage(learning_rate=0.01)]})
    bench = Bench(options.head)
    training.fit(bench.context(options), schedule.plan(options.stages, bench.blocks))
    return bench


def test_the_table_has_every_head_of_the_settings() -> None:
    assert sorted(HEADS) == sorted(form().name for form in (LinearHead, MlpHead))


@pytest.mark.parametrize(
    ("value", "head"),
    [
        ("linear", LinearHead()),
        ("mlp", MlpHead()),
        ({"name": "mlp", "hidden_units": [16, 8], "dropout": 0.5}, MLP),
        ({"name": "own.heads:cosine", "scale": 2}, PluginOptions(name="own.heads:cosine", scale=2)),  # type: ignore[call-arg]
    ],
)
def test_a_head_is_a_name_or_a_name_with_options(value: object, head: object) -> None:
    checked = HEAD.validate_python(value)
    assert checked == head
    assert HEAD.validate_json(HEAD.dump_json(checked)) == head  # As Trainer gets it.


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("conv", "got the name 'conv', must be linear, mlp or package.module:name; change it"),
        ({"hidden_units": [3]}, "got the name None, must be linear, mlp or package.module:name"),
        (3, "got 3, must be a name, or {name: ..., key: value}; change it"),
        ({"name": "linear", "dropout": 0.5}, "Extra inputs are not permitted"),
        ({"name": "mlp", "hidden_units": []}, "at least 1 item"),
        ({"name": "mlp", "hidden_units": [0]}, "greater than 0"),
    ],
)
def test_an_invalid_head_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HEAD.validate_python(value)


def test_untrained_heads_give_every_class_the_same_score() -> None:
    features = tf.random.stateless_normal((4, 6), (1, 2))
    for options in (LinearHead(), MLP):
        assert not np.any(build_head(options, 6, 3, 0)(features))


def test_hidden_layers_start_by_the_seed_with_the_variance_of_he() -> None:
    kernel = build_head(MlpHead(), 400, 3, 0).variables[2].numpy()
    assert kernel.var() == pytest.approx(2 / 400, rel=0.02)
    np.testing.assert_array_equal(kernel, build_head(MlpHead(), 400, 3, 0).variables[2])
    assert np.any(kernel != build_head(MlpHead(), 400, 3, 1).variables[2].numpy())


def test_an_mlp_is_a_matrix_product_relu_and_dropout() -> None:
    head = build_head(MlpHead(hidden_units=(5,), dropout=0.5), 6, 3, 0)
    last, bias, kernel, hidden_bias = head.variables
    assert [variable.name for variable in head.variables] == [
        "head/kernel:0", "head/bias:0", "head/hidden_0/kernel:0", "head/hidden_0/bias:0",
    ]  # fmt: skip
    for variable in (last, bias, hidden_bias):
        variable.assign(tf.random.stateless_normal(variable.shape, (3, 4)))
    features, mask = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32), np.eye(4, 5)
    hidden = np.maximum(features @ kernel.numpy() + hidden_bias.numpy(), 0)
    for masks, values in (((), hidden), ((tf.constant(mask, tf.float32),), hidden * mask)):
        expected = values @ last.numpy() + bias.numpy()
        np.testing.assert_allclose(head(features, *masks), expected, rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def trained() -> Bench:
    return fitted(MLP)


def test_an_mlp_trains_all_its_layers_and_the_same_seed_trains_the_same(trained: Bench) -> None:
    again, before = fitted(MLP), Classifier(trained.module, 10, MLP, 0)
    assert len(trained.model.head) == 6
    for old, new in zip(before.head, trained.model.head, strict=True):
        assert np.any(old.numpy() != new.numpy())
    np.testing.assert_allclose(trained.model.head[0], again.model.head[0], rtol=0, atol=1e-6)


def test_dropout_in_hidden_layers_changes_the_training_alone(trained: Bench) -> None:
    plain = fitted(MlpHead(hidden_units=(16, 8)))
    assert not np.allclose(trained.model.head[0], plain.model.head[0], atol=1e-4)
    features = tf.random.stateless_normal((3, trained.module.output_dim), (1, 2))
    once, twice = (trained.model.classify(features).numpy() for _ in range(2))
    np.testing.assert_array_equal(once, twice)


def test_all_variables_of_a_head_are_saved_and_restored(trained: Bench, tmp_path: Path) -> None:
    Checkpoint(tmp_path, live=trained.model.everything).save({})
    fresh = Classifier(Bench().module, 10, MLP, 1)
    assert Checkpoint(tmp_path, live=fresh.everything).restore() is not None
    for old, new in zip(trained.model.everything, fresh.everything, strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "head",
    [{"name": "thaw_heads:Scaled", "scale": 2.0}, "thaw_heads:keras", "thaw_heads:layers"],
)
def test_a_users_own_head_trains(own: None, head: object) -> None:
    bench = fitted(head)
    assert all(np.any(variable.numpy()) for variable in bench.model.head)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong_width", "turns float32 [2, 6] into float32 [2, 4], must be float32 [2, 3]: a score "
         "for each class"),
        ("untrained", "has no trainable variables; give it some"),
        ("no_head", "gives int, must give a tf.Module or a Keras layer that can be called "
         "(it cannot be called); correct it"),
        ("no_layer", "gives function, must give a tf.Module or a Keras layer that can be called "
         "(it lacks variables and trainable_variables); correct it"),
        ("eager", "failed for 6 features and 3 classes: AttributeError: 'SymbolicTensor' object "
         "has no attribute 'numpy'; correct it"),
        ("of_two", "failed for 6 features and 3 classes: TypeError: Expected int32, but got None "
         "of type 'NoneType'.; correct it"),
        ("not_a_number", "turns normally distributed features into NaN or infinity, must give "
         "finite scores; correct it"),
        ("counting", "changes its variables when it is called, and only training may; call its "
         "layers as in inference"),
        ("fails", "failed for 6 features and 3 classes: KeyError: 'weights'; correct it"),
    ],
)  # fmt: skip
def test_an_object_that_is_no_head_is_refused_in_one_line(
    own: None, name: str, message: str
) -> None:
    with pytest.raises(InputError) as error:
        build_head(PluginOptions(name=f"thaw_heads:{name}"), 6, 3, 0)
    assert str(error.value) == f"finetune.head: thaw_heads:{name} {message}"
