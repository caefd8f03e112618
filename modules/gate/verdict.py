"""The gate's verdict: policies, rules, and one sentence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modules.gate import golden as golden_set
from modules.gate import margins, rules
from modules.gate.lost_classes import lost_classes
from modules.gate.metrics import ACCURACY
from modules.gate.predictions import Answers, Predictions
from modules.gate.result import RuleResult
from modules.rounding import share
from modules.settings import Evaluation, Override

BLESSED, REFUSED, FORCED = "blessed", "refused", "forced"
_NAMED = 3  # broken rules that the sentence names


@dataclass(frozen=True)
class Baseline:
    """What a candidate is compared with.

    Attributes:
        version: its number; None for none.
        reason: why it is this version, or why there is none.
        unusable: why the served version could not be evaluated; empty if it could.
    """

    version: int | None
    reason: str
    unusable: str = ""


@dataclass(frozen=True)
class Verdict:
    """The gate's decision on a candidate.

    Attributes:
        verdict: ``blessed``, ``refused`` or ``forced``.
        sentence: the verdict and its reasons, in one sentence.
        n: the number of test images.
        baseline: what the candidate was compared with.
        rules: the results of all rules, in the order in which they were asked.
        forced: who forced the verdict and why.
    """

    verdict: str
    sentence: str
    n: int
    baseline: Baseline
    rules: tuple[RuleResult, ...] = ()
    forced: Override | None = None

    @property
    def passed(self) -> bool:
        """Whether the candidate may be served."""
        return self.verdict != REFUSED

    def as_json(self) -> dict[str, Any]:
        """For the summary's ``gate``."""
        compared = self.baseline.version if not self.baseline.unusable else None
        return {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "n": self.n,
            "baseline": {
                "version": compared,
                "reason": self.baseline.unusable or self.baseline.reason,
            },
            "rules": [rule.as_json() for rule in self.rules],
            "forced": self.forced.model_dump() if self.forced else None,
        }


def judge(
    predictions: Predictions,
    options: Evaluation,
    baseline: Baseline,
    also: Sequence[RuleResult] = (),
    fit: Sequence[RuleResult] = (),
    forced: Override | None = None,
    removed: Collection[str] | None = None,
    golden: Predictions | None = None,
) -> Verdict:
    """Asks every rule.

    Args:
        predictions: the answers of the candidate, and of the baseline if it could be evaluated.
        options: what is asked.
        baseline: what the candidate is compared with.
        also: the results of further rules, such as TFMA's thresholds.
        fit: the results of the rules on whether the candidate can be served at all: parity, the
            infra check. No person can override these.
        forced: who blesses the candidate whatever the other rules say.
        removed: the classes that a person took out of the root's schema; None where it has none.
        golden: the answers to the golden set; None for none. No other rule sees them.
    """
    asked = list(rules.absolute(options, predictions))
    baseline, compared = _comparable(predictions, options, baseline)
    if compared is None:
        asked.append(_policy(options, baseline))
    if predictions.baseline is not None:
        asked.append(lost_classes(predictions, options, removed))
    if compared is not None:
        asked += rules.comparing(options, compared)
    if golden is not None:
        asked += golden_set.rules(options, golden, compares=compared is not None)
    asked += also
    broken = [rule for rule in asked if not rule.passed]
    unfit = [rule for rule in fit if not rule.passed]
    is_refused = unfit or (broken and not forced)
    verdict = REFUSED if is_refused else FORCED if broken else BLESSED
    judgement = Verdict(
        verdict=verdict,
        sentence="",
        n=len(predictions.label),
        baseline=baseline,
        rules=(*asked, *fit),
        forced=forced,
    )
    is_first = compared is None and judgement.passed
    later = margins.for_later_models(options, judgement.n) if is_first else ""
    parts = _measured(judgement, predictions, compared)
    if golden is not None:
        parts += golden_set.measured(golden, _name(judgement.baseline) if compared else "")
    parts += [later] if later else []
    return replace(judgement, sentence=_sentence(judgement, fit, parts))


def _comparable(
    predictions: Predictions, options: Evaluation, baseline: Baseline
) -> tuple[Baseline, Predictions | None]:
    """The baseline, which may be set aside here, and the images on which both are compared."""
    if predictions.baseline is None or baseline.unusable:
        return baseline, None
    ours, theirs = set(predictions.candidate.labels), set(predictions.baseline.labels)
    if ours == theirs:
        return baseline, predictions
    if options.other_labels == "set_aside":
        reason = f"version {baseline.version} was set aside, because it knows other classes"
        return replace(baseline, unusable=reason), None
    common = rules.in_common(predictions)
    if len(common.label) < options.min_examples:
        reason = (
            f"version {baseline.version} was set aside, because it knows other classes, and only "
            f"{len(common.label)} test images are of a class that both know"
        )
        return replace(baseline, unusable=reason), None
    reason = (
        f"{baseline.reason}; compared on the {len(common.label)} images of the "
        f"{len(ours & theirs)} classes that both know"
    )
    return replace(baseline, reason=reason), common


def _policy(options: Evaluation, baseline: Baseline) -> RuleResult:
    """The result for a missing baseline: the policy for it may be to refuse."""
    key = "unusable_baseline" if baseline.unusable else "no_baseline"
    policy = getattr(options, key)
    return RuleResult(
        name=key,
        kind="condition",
        metric="policy",
        passed=policy != "refuse",
        reason=f"{baseline.unusable or baseline.reason}; evaluation.{key} is {policy}",
        remedy=f"if meant: --set evaluation.{key}=absolute_rules",
    )


def _sentence(judgement: Verdict, fit: Sequence[RuleResult], measured: Sequence[str]) -> str:
    """The verdict in one sentence: the broken rules and their remedies, then what was measured."""
    # The rules that nobody can override come last in the results, and first in the sentence.
    ordered = dict.fromkeys([*fit, *judgement.rules])
    refused = judgement.verdict == REFUSED
    broken = [rule.in_words(remedy=refused) for rule in ordered if not rule.passed]
    parts = broken[:_NAMED]
    if len(broken) > _NAMED:
        parts.append(f"and {len(broken) - _NAMED} more rules are broken")
    parts += measured
    if judgement.verdict == FORCED and judgement.forced:
        parts.append(f"forced by {judgement.forced.by}: {judgement.forced.reason}")
    return f"{judgement.verdict}: {'; '.join(parts)}"


def _measured(
    judgement: Verdict, predictions: Predictions, compared: Predictions | None
) -> list[str]:
    """Accuracies of both models on the same images, and the paired test if it was passed."""
    parts = [_accuracy(predictions.candidate, f"{judgement.n} test images")]
    if compared is None or compared.baseline is None:
        reason = judgement.baseline.unusable or judgement.baseline.reason
        return [*parts, f"{reason}, so only the absolute rules were asked"]
    n = len(compared.label)
    if n < judgement.n:
        parts.append(_accuracy(compared.candidate, f"the {n} of classes that both know"))
    which = _name(judgement.baseline)
    before = ACCURACY.value(compared.baseline)
    parts.append(f"{which} has {share(before, n)}{' there' if n < judgement.n else ''}")
    return parts + [rule.reason for rule in judgement.rules if rule.kind == "test" and rule.passed]


def _name(baseline: Baseline) -> str:
    return f"version {baseline.version}" if baseline.version else "the baseline"


def _accuracy(answers: Answers, where: str) -> str:
    if not len(answers.rank):
        return "no test images"
    value = ACCURACY.value(answers)
    return f"accuracy {share(value, len(answers.rank))} on {where}"
