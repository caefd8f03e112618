"""Which figures tell wrong labels from changed images: ``python -m benchmarks.wrong_labels``.

A model of the shipped glyphs backbone is trained on 450 real digits. Then it answers spans of 600
others, whose labels are wrong or whose pictures have changed, as SpanReview has it answer. Prints
the table of docs/continuous.md; a minute and a half on 2 cores.
"""

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from sklearn.datasets import load_digits

import thaw
from components.span_review.agreement import Answer, Tally, problems
from components.span_review.answers import ServedModel

_GLYPHS = Path(__file__).parent.parent / "data" / "backbones" / "glyphs_cnn_32"
_TRAINED_ON, _SPAN = 450, 600
_AT_ONCE = 32
_BOUND = 0.7
Change = Callable[[Image.Image], Image.Image]


def main() -> None:
    """Trains the model and prints the table."""
    pictures, labels = _digits()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "digits", pictures[:_TRAINED_ON], labels[:_TRAINED_ON])
        file = folder / "digits.yaml"
        file.write_text(f"data: {{path: digits}}\nbackbone: {{handle: {_GLYPHS}}}\n")
        summary = thaw.run(file, overrides={"evaluation.no_skill": "allow"})
        model = ServedModel(Path(summary.serving_dir, str(summary.model_version)))
        span = slice(_TRAINED_ON, _TRAINED_ON + _SPAN)
        print("\n".join(_table(model, pictures[span], labels[span])))


def _digits() -> tuple[list[Image.Image], list[str]]:
    data = load_digits()
    levels = np.round(data.images * 255 / 16).astype(np.uint8)
    return [Image.fromarray(level) for level in levels], [str(digit) for digit in data.target]


def _write(folder: Path, pictures: Sequence[Image.Image], labels: Sequence[str]) -> None:
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        picture.save(folder / label / f"{place:04d}.png")


def _table(model: ServedModel, pictures: list[Image.Image], labels: list[str]) -> list[str]:
    random = np.random.default_rng(0)
    shuffled = random.permutation(labels).tolist()
    swap = {"3": "8", "8": "3"}
    part = random.random(len(labels)) < 0.4
    of_part = [a if is_wrong else b for a, b, is_wrong in zip(shuffled, labels, part, strict=True)]
    wrong = {
        "none: a clean span": labels,
        "labels of two classes swapped": [swap.get(label, label) for label in labels],
        "every class named as the next one": [str((int(label) + 1) % 10) for label in labels],
        "40 % of the labels shuffled": of_part,
        "all labels shuffled": shuffled,
    }
    changed: dict[str, Change] = {
        "turned by 15 degrees": lambda picture: picture.rotate(15),
        "turned by 30 degrees": lambda picture: picture.rotate(30),
        "half of the contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.5),
        "a fifth of the contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.2),
        "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(1)),
        "black and white exchanged": ImageOps.invert,
    }
    rows = [_row(name, model, pictures, of_span) for name, of_span in wrong.items()]
    rows += [_row(name, model, [*map(f, pictures)], labels) for name, f in changed.items()]
    names = ["what is wrong", "agreement", "score there", "score elsewhere", "shift", "quarantined"]
    head = f"| {' | '.join(names)} |"
    return [head, "| --- | --- | --- | --- | --- | --- |", *rows]


def _row(name: str, model: ServedModel, pictures: list[Image.Image], labels: list[str]) -> str:
    tally = Tally(frozenset(model.labels))
    for start in range(0, len(pictures), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for label, scores in zip(labels[part], model.scores(_files(pictures[part])), strict=True):
            place = int(scores.argmax())
            tally.add(Answer(label, model.labels[place], float(scores[place]), "train"))
    record = tally.agreement(version=1)
    assert record is not None
    cells = [
        name,
        f"{record.agreement:.3f}",
        *(
            "" if score is None else f"{score:.3f}"
            for score in (record.score_agreeing, record.score_disagreeing)
        ),
        f"{record.answer_shift:.3f}",
        "yes" if problems(record, _BOUND) else "no",
    ]
    return f"| {' | '.join(cells)} |"


def _files(pictures: Sequence[Image.Image]) -> list[bytes]:
    contents = []
    for picture in pictures:
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        contents.append(stream.getvalue())
    return contents


if __name__ == "__main__":
    main()
