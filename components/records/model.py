"""What is known of a model: how well it does, its other forms, and its backbone."""

from components.records.base import Record


class ScoreRecord(Record):
    """The accuracy on some images.

    Attributes:
        accuracy: in [0, 1].
        images: how many.
    """

    accuracy: float
    images: int


class ScoresRecord(Record):
    """One model on the test split.

    Attributes:
        overall: on all images.
        by_class: on the images of each class, by label.
    """

    overall: ScoreRecord
    by_class: dict[str, ScoreRecord]


class MetricsRecord(Record):
    """Both models on the test split.

    Attributes:
        candidate: null where the run failed before it was evaluated.
        baseline: null where there was none to evaluate.
    """

    candidate: ScoresRecord | None = None
    baseline: ScoresRecord | None = None


class ExportRecord(Record):
    """Another form of the model.

    Attributes:
        kind: ``tflite_float16`` or ``tflite_int8``.
        file: its name.
        bytes: its size; 0 where there is none.
        images: on how many test images it was compared with the model.
        agreement: the share of them to which it gives the model's label; null where it was not
            compared.
        max_difference: between two scores of the same image; null likewise.
        passed: whether it is pushed.
        reason: why, in words.
    """

    kind: str
    file: str
    bytes: int = 0
    images: int = 0
    agreement: float | None = None
    max_difference: float | None = None
    passed: bool
    reason: str


class BackboneRecord(Record):
    """The backbone that was fine-tuned.

    Attributes:
        handle: without what may be a secret in it.
        sha256: of its files, hexadecimal.
    """

    handle: str
    sha256: str
