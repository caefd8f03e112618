"""The resolver strategy; ``choice`` has the rule."""

from typing import Any

from tfx.components.evaluator import constants
from tfx.dsl.components.common import resolver

from components.baseline.choice import Judgement, baseline_of

CANDIDATE = "candidate"
MODEL = "model"
BLESSING = "model_blessing"


class BaselineStrategy(resolver.ResolverStrategy):
    """Resolves ``model`` to the baseline of ``candidate``, or to nothing for a first model."""

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]] | None:
        """Called by TFX with all models and blessings of the pipeline, and this run's candidate."""
        del store
        candidates = input_dict.get(CANDIDATE, [])
        candidate = max((model.id for model in candidates), default=None)
        wanted = baseline_of(candidate, [_judgement(b) for b in input_dict.get(BLESSING, [])])
        models = [model for model in input_dict.get(MODEL, []) if model.id == wanted]
        return {CANDIDATE: candidates, MODEL: models, BLESSING: []}


def _judgement(blessing: Any) -> Judgement:
    def number(key: str) -> int | None:
        has = blessing.has_custom_property(key)
        return int(blessing.get_int_custom_property(key)) if has else None

    return Judgement(
        order=int(blessing.id),
        model=number(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY) or 0,
        baseline=number(constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY),
        blessed=number(constants.ARTIFACT_PROPERTY_BLESSED_KEY) == 1,
    )
