"""The options that travel into TFX's nodes: frozen, checked value objects.

``pipeline.configuration`` composes them into the whole; Trainer receives them as JSON.
"""

from modules.settings.augmentation import Augmentation, RandAugment
from modules.settings.base import (
    FiniteFloat,
    Fraction,
    Integer,
    NonNegativeFloat,
    Options,
    PositiveFloat,
    PositiveInt,
)
from modules.settings.distribution import Distribution, check_cluster, check_one_process
from modules.settings.evaluation import (
    BOUNDS,
    METRICS,
    Bound,
    Evaluation,
    Override,
    Rule,
    metric_form,
)
from modules.settings.finetune import Finetune, TrainerOptions, check_class_weights
from modules.settings.golden import Golden, GoldenIngest, ingest_of
from modules.settings.head import Head, HeadOptions, LinearHead, MlpHead
from modules.settings.image import WHITE, Color, ImageSpec
from modules.settings.infra import Infra
from modules.settings.ingest import FORMATS, MAX_PIXELS, Format, Ingest, Key, Splits
from modules.settings.loss import LossOptions
from modules.settings.optimization import LearningRateOptions, OptimizerOptions
from modules.settings.plugin import Plugin, PluginOptions
from modules.settings.retrain import (
    DriftFeature,
    QuarantineRule,
    Retrain,
    ServedAccuracy,
    Trigger,
    as_seconds,
)
from modules.settings.stage import BatchNorm, EarlyStopping, Stage, Training
from modules.settings.unfreeze import FractionOfBlocks, LastBlocks, MatchingBlocks, Patterns
from modules.settings.warm_start import STAGES_KEY, WARM_STAGES_KEY, WarmStart
from modules.settings.window import Older, Window

__all__ = [
    "BOUNDS",
    "FORMATS",
    "MAX_PIXELS",
    "METRICS",
    "STAGES_KEY",
    "WARM_STAGES_KEY",
    "WHITE",
    "Augmentation",
    "BatchNorm",
    "Bound",
    "Color",
    "Distribution",
    "DriftFeature",
    "EarlyStopping",
    "Evaluation",
    "Finetune",
    "FiniteFloat",
    "Format",
    "Fraction",
    "FractionOfBlocks",
    "Golden",
    "GoldenIngest",
    "Head",
    "HeadOptions",
    "ImageSpec",
    "Infra",
    "Ingest",
    "Integer",
    "Key",
    "LastBlocks",
    "LearningRateOptions",
    "LinearHead",
    "LossOptions",
    "MatchingBlocks",
    "MlpHead",
    "NonNegativeFloat",
    "Older",
    "OptimizerOptions",
    "Options",
    "Override",
    "Patterns",
    "Plugin",
    "PluginOptions",
    "PositiveFloat",
    "PositiveInt",
    "QuarantineRule",
    "RandAugment",
    "Retrain",
    "Rule",
    "ServedAccuracy",
    "Splits",
    "Stage",
    "TrainerOptions",
    "Training",
    "Trigger",
    "WarmStart",
    "Window",
    "as_seconds",
    "check_class_weights",
    "check_cluster",
    "check_one_process",
    "ingest_of",
    "metric_form",
]
