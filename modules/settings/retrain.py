"""When ``thaw retrain`` trains again, and which spans it distrusts."""

import re
from collections import Counter
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from modules.settings.base import FiniteFloat, Fraction, Options, PositiveInt

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
DriftFeature = Literal["label", "format", "brightness", "width", "height", "bytes"]


def as_seconds(value: object) -> int:
    """The seconds of a period such as ``15m``."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhdw])", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(
            f"got {value!r}, must be a number and a unit (s, m, h, d or w); write it like 15m or 7d"
        )
    return int(match[1]) * _UNITS[match[2]]


# Seconds; a text in a config, and in the record of one.
Period = Annotated[
    int,
    BeforeValidator(as_seconds, json_schema_input_type=str),
    PlainSerializer(lambda seconds: f"{seconds}s", return_type=str),
]
# Of a distance from 0 to 1, which must exceed it.
Bound = Annotated[FiniteFloat, Field(gt=0.0, lt=1.0)]


class ServedAccuracy(Options):
    """The served model's accuracy on validation and test images of the new spans."""

    below: Fraction
    """Training is due when the accuracy's interval of 95 % lies below this."""
    images: PositiveInt = 100
    """How many such images there must be, of all new spans together."""


class Trigger(Options):
    """A reason to train again; each entry of the list has one of these keys."""

    new_span: bool = False
    """When a span is new, or has changed; the text `new_span` means the same."""
    new_images: PositiveInt | None = None
    """When there are so many images that the served model was not trained on."""
    drift: Annotated[dict[DriftFeature, Bound], Field(min_length=1)] | None = None
    """When the distribution of a feature of a new span is farther than the bound from that of what
    the served model was trained on: of `label` and `format` by the largest difference of two
    shares (L-infinity), of the others by the Jensen-Shannon divergence (in bits)."""
    served_accuracy: ServedAccuracy | None = None
    """When the served model's answers to a new span are too often wrong."""
    every: Period | None = None
    """When the served model is so old: a number and a unit, such as `7d`."""

    @model_validator(mode="before")
    @classmethod
    def _has_one_key(cls, given: object) -> object:
        if isinstance(given, dict):
            given = {
                key: value
                for key, value in given.items()
                if value is not None and value is not False
            }
            keys = list(given)
            if len(keys) != 1:
                raise ValueError(
                    f"must have one key, and has {', '.join(map(str, keys)) or 'none'}; give each "
                    "trigger an entry of its own"
                )
        return given


class QuarantineRule(Options):
    """Which new spans are quarantined until a person has looked at them."""

    min_agreement: Fraction = 0.7
    """The least share of a new span's images, and of those of each class, for which the served
    model's answer is the label. A span is quarantined if one of these shares lies below it with its
    whole interval (of 95 %, for all of them together); 0 quarantines none."""


def _by_word(value: object) -> object:
    """``new_span`` alone, as an object."""
    if isinstance(value, str) and value != "new_span":
        raise ValueError(f"got {value!r}, must be new_span or a key and its value; change it")
    return {"new_span": True} if value == "new_span" else value


TriggerOrWord = Annotated[
    Trigger, BeforeValidator(_by_word, json_schema_input_type=Literal["new_span"] | Trigger)
]


def _each_once(triggers: tuple[Trigger, ...]) -> tuple[Trigger, ...]:
    """Refuses what is listed twice: which of two bounds counts would be anyone's guess."""
    names = Counter(
        f"drift of {feature}" if key == "drift" else key
        for trigger in triggers
        for key in trigger.model_fields_set
        for feature in (trigger.drift if key == "drift" and trigger.drift else [""])
    )
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"lists {', '.join(twice)} more than once; keep one entry of it")
    return triggers


class Retrain(Options):
    """When `thaw retrain` trains again."""

    when: Annotated[tuple[TriggerOrWord, ...], Field(min_length=1), AfterValidator(_each_once)] = (
        Trigger(new_span=True),
    )
    """The triggers; one that is met is enough."""
    quarantine: QuarantineRule = QuarantineRule()
    """Which new spans are quarantined until a person has looked at them."""
    max_failures: PositiveInt = 5
    """After so many failed runs in a row `thaw retrain --watch` ends with status 1."""
