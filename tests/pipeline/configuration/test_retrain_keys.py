"""The keys of ``retrain``: what is refused, and how a period is written."""

from pathlib import Path

import pytest

from modules.errors import InputError
from modules.settings import Retrain
from pipeline.configuration import loading
from pipeline.configuration.config import Config


def loaded(folder: Path, when: str) -> Config:
    file = folder / "birds.yaml"
    file.write_text("data: {path: photos}\nbackbone: {handle: module}\n", encoding="utf-8")
    return loading.load(file, [f"retrain.when={when}"])


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("[{every: 7}]", r"every: got 7, must be a number and a unit .* like 15m or 7d"),
        ("[{every: 0d}]", "every: got '0d', must be a number and a unit"),
        ("[{every: 7d}, {every: 1d}]", "retrain.when: lists every more than once; keep one entry"),
        ("[new_span, new_span]", "retrain.when: lists new_span more than once"),
        (
            "[{drift: {label: 0.1, bytes: 0.1}}, {drift: {bytes: 0.2}}]",
            "retrain.when: lists drift of bytes more than once",
        ),
        ("[{drift: {}}]", r"drift: must hold at least one; change it"),
        ("[{drift: {label: 1}}]", r"drift.label: got 1, must be less than 1"),
        ("[{drift: {hue: 0.1}}]", r"drift.hue: got 'hue', must be 'label', 'format'"),
        ("[new_spans]", "got 'new_spans', must be new_span or a key and its value"),
        ("[{new_span: true, new_images: 3}]", "must have one key, and has new_span, new_images"),
        ("[{new_span: false}]", "must have one key, and has none"),
        ("[{new_images: 0}]", "new_images: got 0, must be greater than 0"),
    ],
)
def test_a_trigger_that_is_wrong_is_refused_in_one_line(
    tmp_path: Path, when: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, when)


def test_triggers_are_read_back_from_the_record_of_a_run(tmp_path: Path) -> None:
    when = "[new_span, {every: 7d}, {drift: {label: 0.1}}, {drift: {bytes: 0.2}}]"
    retrain = loaded(tmp_path, when).retrain
    assert [trigger.every for trigger in retrain.when] == [None, 7 * 86400, None, None]
    assert Retrain.model_validate(retrain.model_dump(mode="json")) == retrain
