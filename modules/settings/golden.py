"""The golden set: fixed images that every model is judged by, and none is trained on."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from modules import features
from modules.plugins import is_reference
from modules.settings.base import Options
from modules.settings.ingest import Format, Ingest, Key
from modules.settings.paths import PathOrAddress

_PLACEHOLDER = re.compile(r"\{(SPAN|VERSION|YYYY|MM|DD)(:[0-9]+)?\}")
# Keys of ``data`` that say nothing of a golden set.
_OF_DATA = {"path", "earlier", "format", "image_root", "folders", "split_column", "group_column"}


class GoldenIngest(Ingest):
    """What ImageExampleGen gets of a golden set: all images go to one split.

    Whatever splits, groups and further columns the data has, nothing is made of them.
    """

    only_split: Literal["golden"]
    """Tells the options of a golden set from others."""


def ingest_of(text: str) -> Ingest:
    """ImageExampleGen's options, from their JSON; ``GoldenIngest`` for those of a golden set."""
    kind = GoldenIngest if '"only_split"' in text else Ingest
    return kind.model_validate_json(text)


def _pin(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise ValueError(
            f"got {value!r}, must be 64 hexadecimal digits; a summary has them in "
            "metrics.golden.fingerprint"
        )
    return value.lower()


class Golden(Options):
    """A fixed set of images by which every model is judged, and on which none is trained."""

    path: PathOrAddress
    """The images, in any of the forms of `data.path`, without a place for a span. All of them are
    used, whatever splits they name."""
    sha256: Annotated[str | None, BeforeValidator(_pin)] = None
    """The digest that the set must have: of the names, labels and contents of its images, as
    `metrics.golden.fingerprint` in a summary. Any if left out."""
    format: Format | None = None
    """As `data.format`, of this path."""
    folders: Literal["classes", "splits"] | None = None
    """As `data.folders`, of this path."""
    image_root: PathOrAddress | None = None
    """As `data.image_root`, of this path."""
    image_column: Key | None = None
    """As `data.image_column`, and the same if left out."""
    label_column: Key | None = None
    """As `data.label_column`, and the same if left out."""

    @model_validator(mode="after")
    def _is_fixed(self) -> "Golden":
        if _PLACEHOLDER.search(self.path):
            raise ValueError(
                f"path is {self.path}, and a golden set is the same for all spans; name a path "
                "without placeholders"
            )
        return self

    def ingest(self, data: Ingest) -> GoldenIngest:
        """The options by which ImageExampleGen ingests the set.

        Args:
            data: of the images that are trained on; what is not said of the set is as there.
        """
        own: dict[str, Any] = self.model_dump(exclude={"sha256"}, exclude_none=True)
        as_there = data.model_dump(exclude=_OF_DATA)
        return GoldenIngest.model_validate({**as_there, **own, "only_split": features.GOLDEN})

    @property
    def plugins(self) -> dict[str, str]:
        """References to a user's own code, with the keys that name them."""
        is_own = self.format is not None and is_reference(self.format)
        return {str(self.format): "evaluation.golden.format"} if is_own else {}


def _of_path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


GoldenSet = Annotated[
    Golden, BeforeValidator(_of_path, json_schema_input_type=PathOrAddress | Golden)
]
