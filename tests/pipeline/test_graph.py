"""The graph, built and not run."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.compiler import compiler

from modules import evaluation
from modules.settings import Evaluation, ImageSpec, TrainerOptions
from pipeline import loading
from pipeline.graph import create_pipeline
from tests.conftest import PROJECT

ORDER = [
    "ImageExampleGen",
    "StatisticsGen",
    "CuratedSchema",
    "ExampleValidator",
    "DataCheck",
    "Transform",
    "Trainer",
    "baseline",
    "Evaluator",
    "InfraCheck",
    "Pusher",
    "RunSummary",
]


def graph(tmp_path: Path, *overrides: str) -> Any:
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path)
    options = TrainerOptions(
        handle=config.backbone.handle,
        image=ImageSpec(height=32, width=32),
        finetune=config.finetune,
    )
    return create_pipeline(config, options, "backbone", str(tmp_path))


@pytest.fixture(scope="module")
def ir(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return compiler.Compiler().compile(graph(tmp_path_factory.mktemp("root")))


def test_it_reads_in_the_order_in_which_the_data_flows() -> None:
    source = (PROJECT / "pipeline" / "graph.py").read_text(encoding="utf-8")
    body = source[source.index("def create_pipeline") : source.index("return tfx.dsl.Pipeline")]
    places = [
        body.index(word)
        for word in (
            "ImageExampleGen(", "StatisticsGen(", "CuratedSchema(", "ExampleValidator(",
            "DataCheck(", "Transform(", "Trainer(", "Resolver(", "Evaluator(", "InfraCheck(",
            "Pusher(", "RunSummary(",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_all_nodes_are_there(ir: Any) -> None:
    assert {node.pipeline_node.node_info.id for node in ir.nodes} == set(ORDER)


def test_transform_waits_for_the_data_check(ir: Any) -> None:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    assert "DataCheck" in nodes["Transform"].upstream_nodes


def test_caching_is_on_for_every_node_that_runs(ir: Any) -> None:
    for node in ir.nodes:
        if node.pipeline_node.node_info.id != "baseline":
            assert node.pipeline_node.execution_options.caching_options.enable_cache


def test_every_import_path_named_as_a_string_resolves(ir: Any) -> None:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    found = [
        nodes[node].parameters.parameters[key].field_value.string_value
        for node, key in (("Transform", "preprocessing_fn"), ("Trainer", "run_fn"))
    ]
    assert found == ["modules.preprocessing.preprocessing_fn", "modules.trainer.run_fn"]
    for path in found:
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def property_of(ir: Any, node: str, key: str) -> str:
    nodes = {n.pipeline_node.node_info.id: n.pipeline_node for n in ir.nodes}
    return str(nodes[node].parameters.parameters[key].field_value.string_value)


def test_code_and_backbone_are_among_the_properties_that_make_the_cache_key(ir: Any) -> None:
    for node in ("Transform", "Trainer", "Pusher"):
        assert '"source"' in property_of(ir, node, "custom_config")
    assert '"backbone": "backbone"' in property_of(ir, "Trainer", "custom_config")
    for node in ("ImageExampleGen", "DataCheck", "InfraCheck", "RunSummary"):
        assert len(property_of(ir, node, "source")) == 64


def test_only_the_evaluator_reads_the_test_split(ir: Any) -> None:
    assert "test" not in property_of(ir, "Trainer", "train_args")
    assert "test" not in property_of(ir, "Trainer", "eval_args")
    assert "test" not in property_of(ir, "Transform", "splits_config")
    assert property_of(ir, "Evaluator", "example_splits") == '["test"]'


def test_the_gate_asks_both_kinds_of_rule_whole_and_by_class() -> None:
    config = evaluation.eval_config(
        Evaluation(min_accuracy=0.9, max_drop=0.01, min_class_accuracy=0.5, max_class_drop=0.1)
    )
    accuracy = config.metrics_specs[0].metrics[0]
    assert not accuracy.HasField("threshold")  # it would be asked of every class too
    whole, by_class = (one.threshold for one in accuracy.per_slice_thresholds)
    assert [len(one.slicing_specs[0].feature_keys) for one in accuracy.per_slice_thresholds] == [
        0,
        1,
    ]
    assert whole.value_threshold.lower_bound.value == pytest.approx(0.9, abs=1e-5)
    assert whole.change_threshold.absolute.value == pytest.approx(-0.01, abs=1e-5)
    assert by_class.value_threshold.lower_bound.value == pytest.approx(0.5, abs=1e-5)
    assert by_class.change_threshold.absolute.value == pytest.approx(-0.1, abs=1e-5)
