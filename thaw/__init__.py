"""Thaw from Python: what the commands do, as functions that return typed objects.

    import thaw

    summary = thaw.run("configs/photos.yaml")
    print(summary.status, summary.gate and summary.gate.sentence)
    print(thaw.predict("configs/photos.yaml", ["IMG_0001.jpg"])[0].label)

Nothing ends the process: a mistake in the config or the data raises ``InputError``, a stage that
fails ``StageError``, a root that another run holds ``BusyError``, and Ctrl-C ``Interrupted``, each
with the line that the command would print. ``import thaw`` alone imports neither TensorFlow nor
TFX.
"""

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.records.summary import Summary
    from modules.errors import BusyError, InputError, Interrupted, StageError
    from modules.settings import Override
    from pipeline.commands.gate import Judgement
    from pipeline.commands.inspect import Inspection
    from pipeline.commands.predict import Prediction
    from pipeline.configuration.config import Config
    from pipeline.continuous.retraining import Outcome
    from thaw.api import gate, inspect, load_config, predict, retrain, run

    __version__: str

__all__ = [
    "BusyError",
    "Config",
    "InputError",
    "Inspection",
    "Interrupted",
    "Judgement",
    "Outcome",
    "Override",
    "Prediction",
    "StageError",
    "Summary",
    "__version__",
    "gate",
    "inspect",
    "load_config",
    "predict",
    "retrain",
    "run",
]

_MODULES = {
    "components.records.summary": ("Summary",),
    "modules.errors": ("BusyError", "InputError", "Interrupted", "StageError"),
    "modules.settings": ("Override",),
    "pipeline.commands.gate": ("Judgement",),
    "pipeline.commands.inspect": ("Inspection",),
    "pipeline.commands.predict": ("Prediction",),
    "pipeline.configuration.config": ("Config",),
    "pipeline.continuous.retraining": ("Outcome",),
    "thaw.api": ("gate", "inspect", "load_config", "predict", "retrain", "run"),
}
_INIT = "__init__.py"
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Imports what is asked for on its first use (PEP 562)."""
    if name == "__version__":
        return importlib.import_module("pipeline.version").VERSION
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *__all__})


def _check_packages() -> None:
    """Refuses files that hide Thaw's packages, such as a ``modules.py`` in the current folder."""
    for name in ("pipeline", "components", "modules"):
        spec = importlib.util.find_spec(name)
        place = spec.origin if spec else None
        if place and Path(place).resolve() != Path(__file__).resolve().parents[1] / name / _INIT:
            raise ImportError(
                f"{place} hides Thaw's package {name}; rename it, or start Python in another folder"
            )


_check_packages()
