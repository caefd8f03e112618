"""The graph, built and not run."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.compiler import compiler

from modules.errors import InputError
from modules.gate import tfma_config
from modules.settings import Evaluation, ImageSpec, Override, TrainerOptions
from pipeline.configuration import loading
from pipeline.data_nodes import DataFiles
from pipeline.graph import create_pipeline
from pipeline.span_graph import create_span_pipeline
from tests.conftest import PROJECT

ORDER = [
    "ImageExampleGen",
    "StatisticsGen",
    "CuratedSchema",
    "ExampleValidator",
    "DataCheck",
    "Transform",
    "Trainer",
    "Baseline",
    "Evaluator",
    "InfraCheck",
    "Gate",
    "ModelCard",
    "Pusher",
    "RunSummary",
]


# Their keys hold our code's fingerprint in custom_config, or they run none of it.
TFXS_OWN = {"StatisticsGen", "CuratedSchema", "ExampleValidator", "Transform", "Trainer"}
FINGERPRINT = "f" * 64


def graph(
    tmp_path: Path, *overrides: str, forced: Override | None = None, cold: bool = False
) -> Any:
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path)
    options = TrainerOptions(
        handle=config.backbone.handle,
        sha256=FINGERPRINT,
        image=ImageSpec(height=32, width=32),
        finetune=config.finetune,
        checkpoints=str(tmp_path / "checkpoints"),
    )
    return create_pipeline(config, options, str(tmp_path), forced=forced, cold=cold)


@pytest.fixture(scope="module")
def ir(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return compiler.Compiler().compile(graph(tmp_path_factory.mktemp("root")))


@pytest.mark.parametrize(
    ("file", "function", "nodes"),
    [
        (
            "data_nodes.py",
            "data_nodes",
            "ImageExampleGen StatisticsGen CuratedSchema ExampleValidator DataCheck",
        ),
        (
            "graph.py",
            "create_pipeline",
            "data_nodes Transform warm_start Trainer Baseline Evaluator InfraCheck Gate ModelCard "
            "Pusher RunSummary",
        ),
    ],
)
def test_it_reads_in_the_order_in_which_the_data_flows(
    file: str, function: str, nodes: str
) -> None:
    source = (PROJECT / "pipeline" / file).read_text(encoding="utf-8")
    body = source[source.index(f"def {function}") :]
    places = [body.index(f" {node}(") for node in nodes.split()]
    assert places == sorted(places)


def test_all_nodes_are_there(ir: Any) -> None:
    assert {node.pipeline_node.node_info.id for node in ir.nodes} == set(ORDER)


def test_transform_waits_for_the_data_check(ir: Any) -> None:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    assert "DataCheck" in nodes["Transform"].upstream_nodes


def test_caching_is_on_for_every_node_that_runs(ir: Any) -> None:
    for node in ir.nodes:
        assert node.pipeline_node.execution_options.caching_options.enable_cache


def test_every_import_path_named_as_a_string_resolves(ir: Any) -> None:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    result = [
        nodes[node].parameters.parameters[key].field_value.string_value
        for node, key in (("Transform", "preprocessing_fn"), ("Trainer", "run_fn"))
    ]
    assert result == ["modules.preprocessing.preprocessing_fn", "modules.trainer.run_fn"]
    for path in result:
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def property_of(ir: Any, node: str, key: str) -> str:
    nodes = {n.pipeline_node.node_info.id: n.pipeline_node for n in ir.nodes}
    return str(nodes[node].parameters.parameters[key].field_value.string_value)


def test_code_and_backbone_are_among_the_properties_that_make_the_cache_key(ir: Any) -> None:
    for node in ("Transform", "Trainer"):
        assert '"source"' in property_of(ir, node, "custom_config")
    assert f'"sha256": "{FINGERPRINT}"' in property_of(ir, "Trainer", "custom_config")
    for node in set(ORDER) - TFXS_OWN:
        assert len(property_of(ir, node, "source")) == 64


def test_no_training_reads_the_test_split(ir: Any) -> None:
    assert "test" not in property_of(ir, "Trainer", "train_args")
    assert "test" not in property_of(ir, "Trainer", "eval_args")
    assert "test" not in property_of(ir, "Transform", "splits_config")


def test_only_the_gate_blesses(ir: Any) -> None:
    blessing = {
        node.pipeline_node.node_info.id
        for node in ir.nodes
        for output in node.pipeline_node.outputs.outputs.values()
        if output.artifact_spec.type.name == "ModelBlessing"
    }
    assert blessing == {"Gate"}


def test_tfx_s_own_validator_is_there_where_docker_is_asked_for(tmp_path: Path) -> None:
    ir = compiler.Compiler().compile(graph(tmp_path, "infra.validator=docker"))
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    assert set(nodes) == {*ORDER, "InfraValidator"}
    assert "InfraValidator" in nodes["Gate"].upstream_nodes


def test_exports_are_made_where_they_are_asked_for(tmp_path: Path) -> None:
    ir = compiler.Compiler().compile(graph(tmp_path, "push.exports=[tflite_int8]"))
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    assert set(nodes) == {*ORDER, "Exports"}
    assert "Gate" in nodes["Exports"].upstream_nodes
    assert {"ModelCard", "Pusher"} <= set(nodes["Exports"].downstream_nodes)


def test_a_warm_start_chooses_its_base_before_trainer(tmp_path: Path, ir: Any) -> None:
    ordinary = {node.pipeline_node.node_info.id: node.pipeline_node for node in ir.nodes}
    assert "base_model" not in ordinary["Trainer"].inputs.inputs
    warm = compiler.Compiler().compile(graph(tmp_path, "finetune.warm_start.from=served"))
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in warm.nodes}
    assert set(nodes) == {*ORDER, "WarmStart"}
    assert "base_model" in nodes["Trainer"].inputs.inputs
    assert "WarmStart" in nodes["Trainer"].upstream_nodes
    assert property_of(warm, "WarmStart", "cold") == ""
    cold = graph(tmp_path, "finetune.warm_start.from=served", cold=True)
    assert property_of(compiler.Compiler().compile(cold), "WarmStart", "cold") == "yes"


def test_the_recipe_of_a_training_holds_code_and_config_and_no_place(tmp_path: Path) -> None:
    def recipe(root: str, *overrides: str) -> str:
        warm = graph(tmp_path / root, "finetune.warm_start.from=served", *overrides)
        return property_of(compiler.Compiler().compile(warm), "WarmStart", "recipe")

    first = recipe("a")
    assert first == recipe("b")
    assert str(tmp_path) not in first
    assert str(PROJECT) not in first
    for other in ("finetune.seed=1", "data.max_pixels=9999", "data.background=black"):
        assert recipe("a", other) != first


def test_a_forced_blessing_is_of_this_run_alone(tmp_path: Path) -> None:
    forced = graph(tmp_path, forced=Override(by="Ada", reason="why not"))
    ir = compiler.Compiler().compile(forced)
    assert property_of(ir, "Gate", "forced") == '{"by":"Ada","reason":"why not"}'
    assert property_of(compiler.Compiler().compile(graph(tmp_path)), "Gate", "forced") == ""


def test_a_key_has_the_driver_read_every_image(ir: Any, tmp_path: Path) -> None:
    assert property_of(ir, "ImageExampleGen", "verify") == ""
    verifying = compiler.Compiler().compile(graph(tmp_path, "data.verify=true"))
    assert property_of(verifying, "ImageExampleGen", "verify") == "yes"
    options = property_of(verifying, "ImageExampleGen", "options")
    assert options == property_of(ir, "ImageExampleGen", "options")


def test_a_golden_set_is_ingested_by_a_node_of_its_own_and_reaches_the_evaluator_alone(
    ir: Any, tmp_path: Path
) -> None:
    golden = f"evaluation.golden={tmp_path}/golden"
    judged = compiler.Compiler().compile(graph(tmp_path, golden))
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in judged.nodes}
    assert set(nodes) == {*ORDER, "GoldenExampleGen"}
    of_golden = nodes["Evaluator"].inputs.inputs["golden"].channels
    assert [channel.producer_node_query.id for channel in of_golden] == ["GoldenExampleGen"]
    assert nodes["GoldenExampleGen"].downstream_nodes == ["Evaluator"]
    assert "golden" not in nodes["Trainer"].inputs.inputs
    assert f"{tmp_path}/golden" in property_of(judged, "ImageExampleGen", "golden")
    assert property_of(ir, "ImageExampleGen", "golden") == ""


def test_where_the_golden_set_lies_is_in_no_option_of_the_gate(ir: Any, tmp_path: Path) -> None:
    judged = compiler.Compiler().compile(graph(tmp_path, f"evaluation.golden={tmp_path}/golden"))
    for node in ("Evaluator", "Gate"):
        assert property_of(judged, node, "options") == property_of(ir, node, "options")


def test_a_rule_by_a_feature_that_no_image_has_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no image has a feature 'brightnes'; did you mean bri"):
        graph(tmp_path, "evaluation.rules=[{slice: brightnes, min: 0.5}]")


def test_the_message_of_a_missing_schema_has_its_path_and_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s\.pbtxt cannot be used \(No such file or directory\);"):
        graph(tmp_path, "data.schema=s.pbtxt")


def test_tfma_is_given_both_kinds_of_threshold_where_there_is_a_baseline() -> None:
    options = Evaluation(min_accuracy=0.9, max_drop=0.01, min_class_accuracy=0.5)
    for has_baseline in (True, False):
        config = tfma_config.eval_config(options, has_baseline=has_baseline)
        assert len(config.model_specs) == 1 + has_baseline
        accuracy = config.metrics_specs[0].metrics[0]
        assert not accuracy.HasField("threshold")  # it would be asked of every class too
        whole, by_class = accuracy.per_slice_thresholds
        assert not whole.slicing_specs[0].feature_keys
        assert list(by_class.slicing_specs[0].feature_keys) == ["label"]
        bounds = [one.threshold.value_threshold.lower_bound.value for one in (whole, by_class)]
        assert bounds == pytest.approx([0.9, 0.5], abs=1e-5)
        change = whole.threshold.change_threshold.absolute.value
        assert change == pytest.approx(-0.01 if has_baseline else 0.0, abs=1e-5)
        assert not by_class.threshold.HasField("change_threshold")


def test_a_users_own_code_is_in_the_keys_of_the_nodes_that_call_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, list[str]] = {}

    def fingerprint(*modules: str, plugins: Iterable[str] = ()) -> str:
        asked[modules[0]] = list(plugins)
        return FINGERPRINT

    monkeypatch.setattr("pipeline.graph.source_fingerprint", fingerprint)
    graph(
        tmp_path,
        "finetune.head=tests.own:head",
        "evaluation.rules=[{metric: 'tests.own:m', min: 0}]",
    )
    assert {module: plugins for module, plugins in asked.items() if plugins} == {
        "modules.trainer": ["tests.own:head"],
        "components.gate.component": ["tests.own:m"],
    }


def test_images_are_counted_in_a_window_and_not_in_each_of_its_spans(tmp_path: Path) -> None:
    (tmp_path / "span-3").mkdir()
    overrides = [f"data.path={tmp_path}/span-{{SPAN}}", "data.window={spans: 4}"]
    whole = compiler.Compiler().compile(graph(tmp_path, *overrides))
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path)
    of_span = compiler.Compiler().compile(
        create_span_pipeline(config, str(tmp_path), DataFiles(), span=3)
    )
    assert property_of(whole, "DataCheck", "counts") == "yes"
    assert property_of(of_span, "DataCheck", "counts") == ""
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in whole.nodes}
    assert set(nodes["DataCheck"].inputs.inputs) == {"examples", "ingestion"}
    assert "DataCheck" in nodes["Transform"].upstream_nodes


def test_a_span_is_written_with_the_part_that_stays_when_it_is_older(tmp_path: Path) -> None:
    (tmp_path / "span-3").mkdir()
    overrides = [f"data.path={tmp_path}/span-{{SPAN}}"]
    fractions = []
    for window in ("{spans: 4}", "{spans: 4, older: {fraction: 0.1}}"):
        asked = [*overrides, f"data.window={window}"]
        config = loading.load(PROJECT / "configs" / "digits.yaml", asked, tmp_path)
        pipeline = create_span_pipeline(config, str(tmp_path), DataFiles(), span=3)
        compiled = compiler.Compiler().compile(pipeline)
        fractions.append(property_of(compiled, "ImageExampleGen", "older_fraction"))
    assert fractions == ["", "0.1"]
