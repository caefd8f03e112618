"""The Evaluator's configuration, and its outcome in words and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from modules import features
from modules.settings import Evaluation

ACCURACY = "sparse_categorical_accuracy"
COUNT = "example_count"
# TFMA's names for the two models, fixed by TFX's Evaluator.
CANDIDATE = "candidate"
BASELINE = "baseline"

BLESSED, REFUSED = "blessed", "refused"

# An accuracy is a quotient of counts: this absorbs its rounding, and is less than one image in any
# test set that fits a machine.
_ROUNDING = 1e-6


def eval_config(options: Evaluation) -> config_pb2.EvalConfig:
    """TFMA's configuration: accuracy over all and by class, with both kinds of threshold.

    TFX's Evaluator drops the change thresholds of a run that has no baseline.
    """
    models = [
        config_pb2.ModelSpec(
            name=name,
            signature_name=features.SERVE_EXAMPLES,
            preprocessing_function_names=[features.TRANSFORM_LABELS],
            label_key=features.LABEL_INDEX,
            is_baseline=name == BASELINE,
        )
        for name in (CANDIDATE, BASELINE)
    ]
    whole, by_class = (
        config_pb2.SlicingSpec(),
        config_pb2.SlicingSpec(feature_keys=[features.LABEL]),
    )
    # A threshold outside of per_slice_thresholds would be asked of every class too.
    accuracy = config_pb2.MetricConfig(
        class_name="SparseCategoricalAccuracy",
        per_slice_thresholds=[
            config_pb2.PerSliceMetricThreshold(slicing_specs=[spec], threshold=threshold)
            for spec, threshold in (
                (whole, _threshold(options.min_accuracy, options.max_drop)),
                (by_class, _threshold(options.min_class_accuracy, options.max_class_drop)),
            )
        ],
    )
    count = config_pb2.MetricConfig(class_name="ExampleCount")
    return config_pb2.EvalConfig(
        model_specs=models,
        slicing_specs=[whole, by_class],
        metrics_specs=[config_pb2.MetricsSpec(metrics=[accuracy, count])],
    )


def _threshold(least: float, drop: float) -> config_pb2.MetricThreshold:
    return config_pb2.MetricThreshold(
        value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": least - _ROUNDING}),
        change_threshold=config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -drop - _ROUNDING},
        ),
    )


@dataclass(frozen=True)
class Scores:
    """One model on the test split: accuracy in [0, 1] and number of images, whole and by class."""

    overall: dict[str, float]
    by_class: dict[str, dict[str, float]]


def read_scores(folder: str) -> tuple[Scores, Scores | None]:
    """What an evaluation says of the candidate, and of the baseline if it had one.

    Raises:
        ValueError: when the folder holds no metrics of a candidate.
    """
    baseline = _read(folder, BASELINE)
    # TFMA leaves out the name where there is one model alone.
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
    return {
        "accuracy": float(by_name[ACCURACY]["doubleValue"]),
        "images": int(by_name[COUNT]["doubleValue"]),
    }


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def rules(
    options: Evaluation, candidate: Scores, baseline: Scores | None
) -> list[dict[str, str | float | bool]]:
    """Each rule of the gate with the value found, its bound, and whether it was kept.

    A rule over classes shows the class that is furthest on the wrong side; those that compare are
    there only with a baseline. They are the rules of ``eval_config``, for people: TFMA decides.
    """
    worst = min(candidate.by_class, key=lambda label: candidate.by_class[label]["accuracy"])
    found = [
        ("min_accuracy", candidate.overall["accuracy"], options.min_accuracy),
        (
            f"min_class_accuracy ({worst})",
            candidate.by_class[worst]["accuracy"],
            options.min_class_accuracy,
        ),
    ]
    if baseline is not None:
        change = candidate.overall["accuracy"] - baseline.overall["accuracy"]
        changes = {
            label: scores["accuracy"] - baseline.by_class[label]["accuracy"]
            for label, scores in candidate.by_class.items()
            if label in baseline.by_class
        }
        fallen = min(changes, key=lambda label: changes[label])
        found += [
            ("max_drop", change, -options.max_drop),
            (f"max_class_drop ({fallen})", changes[fallen], -options.max_class_drop),
        ]
    return [
        {
            "name": name,
            "value": round(value, 6),
            "bound": bound,
            "passed": bool(value >= bound - _ROUNDING),
        }
        for name, value, bound in found
    ]


def report(
    folder: str, options: Evaluation, *, blessed: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An evaluation for JSON.

    Args:
        folder: of the ModelEvaluation artifact.
        options: what was asked.
        blessed: TFMA's verdict.

    Returns:
        ``metrics``: ``candidate`` and ``baseline``, each ``overall`` and ``by_class``, or None; and
        ``gate``: ``verdict``, ``sentence`` and ``rules``.
    """
    candidate, baseline = read_scores(folder)
    found = rules(options, candidate, baseline)
    verdict = BLESSED if blessed else REFUSED
    return (
        {CANDIDATE: vars(candidate), BASELINE: vars(baseline) if baseline else None},
        {
            "verdict": verdict,
            "sentence": sentence(verdict, candidate, baseline, found),
            "rules": found,
        },
    )


def sentence(
    verdict: str, candidate: Scores, baseline: Scores | None, kept: list[dict[str, Any]]
) -> str:
    """The gate's outcome in one sentence."""
    accuracy, images = candidate.overall["accuracy"], candidate.overall["images"]
    found = f"accuracy {accuracy:.4f} on {images} test images"
    if baseline is None:
        against = "there is no baseline yet, so only the absolute rules were asked"
    else:
        against = f"the baseline has {baseline.overall['accuracy']:.4f}"
    broken = [
        f"{rule['name']} is {rule['value']:.4f}, and must be at least {rule['bound']:g}"
        for rule in kept
        if not rule["passed"]
    ]
    if verdict == REFUSED and not broken:
        broken = ["a rule outside of this list was broken: see the evaluation's validations file"]
    return f"{verdict}: {found}; {'; '.join([against, *broken])}"
