"""TFMA's configuration, and the metrics that it computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from modules import features, model_layout
from modules.gate import metrics as gate_metrics
from modules.gate.predictions import BASELINE, CANDIDATE
from modules.rounding import rounded
from modules.settings import Evaluation

ACCURACY = "sparse_categorical_accuracy"
COUNT = "example_count"
_OUR_NAMES = {ACCURACY: gate_metrics.ACCURACY.name}

# An accuracy is a quotient of counts: this absorbs its rounding, and is less than one image in any
# test set that fits a machine.
ROUNDING = 1e-6


def eval_config(options: Evaluation, *, has_baseline: bool) -> config_pb2.EvalConfig:
    """TFMA's configuration: accuracy over all and by class, with the plain thresholds.

    TFMA's own change threshold does not consider noise, so ``rules`` checks changes by class.
    """
    names = [CANDIDATE, *([BASELINE] if has_baseline else [])]
    models = [
        config_pb2.ModelSpec(
            name=name,
            signature_name=model_layout.SERVE_EXAMPLES,
            preprocessing_function_names=[model_layout.TRANSFORM_LABELS],
            label_key=features.LABEL_INDEX,
            is_baseline=name == BASELINE,
        )
        for name in names
    ]
    whole = config_pb2.SlicingSpec()
    by_class = config_pb2.SlicingSpec(feature_keys=[features.LABEL])
    over_all = _at_least(options.min_accuracy)
    if has_baseline:
        over_all.change_threshold.CopyFrom(
            config_pb2.GenericChangeThreshold(
                direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
                absolute={"value": -options.max_drop - ROUNDING},
            )
        )
    # A threshold outside of per_slice_thresholds would be asked of every class too.
    accuracy = config_pb2.MetricConfig(
        class_name="SparseCategoricalAccuracy",
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(slicing_specs=[spec], threshold=threshold)
            for spec, threshold in (
                (whole, over_all),
                (by_class, _at_least(options.min_class_accuracy)),
            )
        ],
    )
    count = config_pb2.MetricConfig(class_name="ExampleCount")
    return config_pb2.EvalConfig(
        model_specs=models,
        slicing_specs=[whole, by_class],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[accuracy, count])],
    )


def _at_least(least: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": least - ROUNDING})
    )


@dataclass(frozen=True)
class Scores:
    """One model on the test split: accuracy in [0, 1] and number of images, whole and by class."""

    overall: dict[str, float]
    by_class: dict[str, dict[str, float]]


def read_scores(folder: str) -> tuple[Scores, Scores | None]:
    """The scores in an evaluation: of the candidate, and of the baseline if it had one.

    Raises:
        ValueError: when the folder holds no metrics of a candidate.
    """
    baseline = _read(folder, BASELINE)
    # TFMA leaves the name out if there is only one model.
    candidate = _read(folder, CANDIDATE if baseline else "")
    if candidate is None:
        raise ValueError(f"the evaluation in {folder} holds no metrics")
    return candidate, baseline


def _read(folder: str, model: str) -> Scores | None:
    result = tfma.load_eval_result(folder, model_name=model)
    overall: dict[str, float] = {}
    by_class: dict[str, dict[str, float]] = {}
    for key, metrics in result.slicing_metrics:
        if not metrics:
            continue
        if not key:
            overall = _scores(metrics)
        else:
            by_class[_text(key[0][1])] = _scores(metrics)
    return Scores(overall, dict(sorted(by_class.items()))) if overall else None


def _scores(metrics: Mapping[str, Any]) -> dict[str, float]:
    (by_sub_key,) = metrics.values()
    (by_name,) = by_sub_key.values()
    images = int(by_name[COUNT]["doubleValue"])
    # TFMA converts a float32 to a double.
    return {"accuracy": rounded(float(by_name[ACCURACY]["doubleValue"]), images), "images": images}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def threshold_failures(folder: str) -> list[str]:
    """TFMA's verdict on its own thresholds: a line for each that was not met."""
    result = tfma.load_validation_result(folder)
    lines = []
    for of_slice in result.metric_validations_per_slice:
        where = ", ".join(
            f"{key.column}={_text(key.bytes_value)}" for key in of_slice.slice_key.single_slice_keys
        )
        lines += [
            f"{_metric(failure)} of {where or 'all images'}: {_why(failure)}"
            for failure in of_slice.failures
        ]
    if not result.validation_ok and not lines:
        lines.append("TFMA's validation failed and gave no reason")
    return lines


def _metric(failure: Any) -> str:
    name = str(failure.metric_key.name)
    return _OUR_NAMES.get(name, name)


def _why(failure: Any) -> str:
    """What TFMA measured and asks; it gives no message for a value out of bounds."""
    said = " ".join(failure.message.split())
    if said:
        return said
    value, asked = failure.metric_value.double_value.value, failure.metric_threshold
    if asked.HasField("change_threshold"):
        most = -asked.change_threshold.absolute.value
        return f"it changed by {value:+.4g}, and may fall by {most:.4g}"
    return f"it is {value:.4g}, and must be at least {asked.value_threshold.lower_bound.value:.4g}"
