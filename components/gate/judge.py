"""Makes one verdict of the evaluation, the parity of served scores, and the infra check."""

from collections.abc import Collection
from pathlib import Path

from components.records.evaluation import read_compared, read_golden
from components.records.infra import InfraRecord
from modules.gate import predictions, tfma_config, verdict
from modules.gate.result import RuleResult
from modules.gate.verdict import Verdict
from modules.settings import Evaluation, Override


def judge_candidate(
    evaluation: str,
    infra: InfraRecord,
    options: Evaluation,
    withdrawn: str = "",
    forced: Override | None = None,
    in_docker: bool | None = None,
    removed: Collection[str] | None = None,
) -> Verdict:
    """Judges a candidate.

    Args:
        evaluation: the folder that the Evaluator wrote.
        infra: what the infra check saw.
        options: the rules' options.
        withdrawn: which version this very model was, and when it was withdrawn; empty if it was
            never withdrawn.
        forced: who blesses it whatever the rules say.
        in_docker: whether TensorFlow Serving's own image serves it; None if that was not tried.
        removed: the classes that a person took out of the root's schema; None where it has none.
    """
    golden = None
    if read_golden(Path(evaluation)):
        golden = predictions.read(evaluation, predictions.GOLDEN_ROWS)
    return verdict.judge(
        predictions.read(evaluation),
        options,
        read_compared(Path(evaluation)),
        also=[_thresholds(evaluation), *_withdrawn(withdrawn)],
        fit=[*fit_rules(infra), *_docker(in_docker)],
        forced=forced,
        removed=removed,
        golden=golden,
    )


def _thresholds(evaluation: str) -> RuleResult:
    failures = tfma_config.threshold_failures(evaluation)
    return _plain(
        "tfma_thresholds", failures, "all of TFMA's thresholds are met",
        "they are evaluation.min_accuracy, min_class_accuracy and max_drop: see those rules",
    )  # fmt: skip


def _withdrawn(withdrawal: str) -> list[RuleResult]:
    if not withdrawal:
        return []
    remedy = (
        "change data or config, bring it back with thaw restore, or force it with --force-by and "
        "--force-reason"
    )
    return [_plain("withdrawn", [withdrawal], "", remedy)]


def fit_rules(infra: InfraRecord) -> list[RuleResult]:
    """Serving parity, and the infra check as one rule."""
    results = []
    if infra.parity:
        difference, most = infra.parity.max_difference, infra.parity.tolerance
        same = difference is not None and difference <= most
        apart = "" if difference is None else f": they are up to {difference:.2g} apart"
        results.append(
            RuleResult(
                name="serving_parity",
                kind="difference",
                metric="scores",
                value=difference,
                bound=most,
                n=infra.parity.images,
                passed=same,
                reason="served scores are those that the Evaluator saw"
                if same
                else f"served scores are not those that the Evaluator saw{apart}",
                remedy=f"what is served is not what was judged, unless {most:g} is too tight for "
                "the numbers that the backbone computes with: raise infra.tolerance then",
            )
        )
    problems = [] if infra.passed else list(infra.problems) or ["it did not pass"]
    return [
        *results,
        _plain(
            "infra_check", problems, "it loads, answers, and keeps its bounds",
            "it would fail likewise where it is served: change the backbone or the config; run it "
            "again if the machine was at fault",
        ),
    ]  # fmt: skip


def _docker(served: bool | None) -> list[RuleResult]:
    if served is None:
        return []
    problems = [] if served else ["TensorFlow Serving's image did not serve it; see the log"]
    remedy = "see that Docker runs, or set infra.validator to process"
    return [_plain("infra_validator", problems, "TensorFlow Serving's image serves it", remedy)]


def _plain(name: str, problems: list[str], good: str, remedy: str) -> RuleResult:
    return RuleResult(
        name=name,
        kind="condition",
        metric="problems",
        value=len(problems),
        bound=0,
        passed=not problems,
        reason="; ".join(problems) or good,
        remedy=remedy,
    )
