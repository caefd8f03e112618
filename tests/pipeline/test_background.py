"""``data.background``: what it may be, and where it gets to."""

from pathlib import Path

import pytest

from modules.errors import InputError
from modules.settings import ImageSpec
from pipeline.configuration import loading
from pipeline.preparation import prepare_config
from tests.conftest import GLYPHS


def config_with(folder: Path, value: str) -> Path:
    path = folder / "birds.yaml"
    text = f"data: {{path: photos, background: {value}}}\nbackbone: {{handle: {GLYPHS}}}\n"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("value", "levels"),
    [
        ("black", (0, 0, 0)),
        ("Tomato", (255, 99, 71)),
        ("'#f0f1f2'", (240, 241, 242)),
        ("'#fff'", (255, 255, 255)),
        ("'rgb(1, 2, 3)'", (1, 2, 3)),
        ("[10, 20, 30]", (10, 20, 30)),
    ],
)
def test_a_colour_is_named_or_written_as_css_has_it_or_in_levels(
    tmp_path: Path, value: str, levels: tuple[int, int, int]
) -> None:
    config = loading.load(config_with(tmp_path, value))
    assert config.data.background == config.data.ingest().background == levels


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("wite", "data.background: got 'wite', must be a colour such as white, '#f0f0f0' or"),
        ("", "data.background: is empty, must be .*; quote a value that begins with #"),
        ("'#ffffff80'", "without opacity"),
        ("[1, 2]", r"got \[1, 2\], must be a colour"),
        ("[1, 2, 256]", "levels are 0 to 255"),
        ("[1, 2, 0.5]", "levels are 0 to 255"),
        ("7", "got 7, must be a colour"),
    ],
)
def test_what_is_no_colour_is_refused(tmp_path: Path, value: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loading.load(config_with(tmp_path, value))


def test_white_is_behind_images_where_the_config_says_nothing(tmp_path: Path) -> None:
    path = config_with(tmp_path, "red")
    path.write_text(path.read_text("utf-8").replace(", background: red", ""), encoding="utf-8")
    assert loading.load(path).data.background == (255, 255, 255)
    assert ImageSpec(height=1, width=1).background == (255, 255, 255)


def test_training_and_serving_get_the_colour_that_ingestion_gets(tmp_path: Path) -> None:
    image = prepare_config(loading.load(config_with(tmp_path, "teal"))).image
    assert image.background == (0, 128, 128)
    assert ImageSpec.model_validate_json(image.model_dump_json()) == image
