"""The node; ``check`` and ``probe`` do the work."""

import json
import os

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.infra_check.check import Outcome, check
from modules import features

OUTCOME_FILE = "infra.json"
_BLESSED = "blessed"  # the property that TFX's Evaluator writes and its Pusher reads


@component
def InfraCheck(  # noqa: N802 a component is a class to its users
    model: InputArtifact[standard_artifacts.Model],
    model_blessing: InputArtifact[standard_artifacts.ModelBlessing],
    examples: InputArtifact[standard_artifacts.Examples],
    timeout: Parameter[float],
    source: Parameter[str],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
) -> None:
    """Blesses a model that a process of its own can load and that answers as it should.

    A model that the gate refused is not loaded.

    Args:
        model: the candidate.
        model_blessing: the gate's.
        examples: whose test images are sent.
        timeout: seconds after which the model counts as hung.
        source: fingerprint of the code, for the cache's key.
        blessing: with ``infra.json`` in it: ``passed``, ``problems``, ``milliseconds``.
    """
    del source
    if model_blessing.get_int_custom_property(_BLESSED) != 1:
        outcome = Outcome(("not tried, for the gate refused the model",))
    else:
        folder = artifact_utils.get_split_uri([examples], features.TEST)
        outcome = check(path_utils.serving_model_path(model.uri), f"{folder}/*", timeout)
    blessing.set_int_custom_property(_BLESSED, int(outcome.passed))
    with open(os.path.join(blessing.uri, OUTCOME_FILE), "w", encoding="utf-8") as file:
        json.dump(
            {
                "passed": outcome.passed,
                "problems": outcome.problems,
                "milliseconds": outcome.milliseconds,
            },
            file,
        )
