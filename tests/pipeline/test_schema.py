"""Which further columns the images of a window have."""

from pathlib import Path

import pytest

from components.records import spans
from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.schema import check_slices, columns_of_window
from tests.components.window.test_selection import record
from tests.conftest import GLYPHS


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "spans.yaml"
    file.write_text(
        f"data: {{path: '{tmp_path}/{{SPAN}}.csv', window: {{spans: 2}}}}\n"
        f"backbone: {{handle: {GLYPHS}}}\n"
        "evaluation: {rules: [{slice: site, min: 0.5}]}\n",
        encoding="utf-8",
    )
    return loading.load(file)


def test_the_columns_are_those_of_all_spans_in_the_window_and_of_no_other(
    config: Config, tmp_path: Path
) -> None:
    registry = tmp_path / "spans.json"
    records = [
        record(1, columns=("camera",)),
        record(2, columns=("site", "season")),
        record(3, columns=("season",)),
        record(4, columns=("nonsense",), state="rejected"),
    ]
    spans.write(registry, records)
    assert columns_of_window(config, registry) == ["season", "site"]
    check_slices(config, columns_of_window(config, registry))


def test_before_a_span_was_ingested_the_latest_one_has_the_columns(
    config: Config, tmp_path: Path
) -> None:
    (tmp_path / "1.csv").write_text("path,label,site\na.png,a,x\n", encoding="utf-8")
    (tmp_path / "2.csv").write_text("path,label\na.png,a\n", encoding="utf-8")
    assert columns_of_window(config, tmp_path / "none.json") == []
    with pytest.raises(InputError, match="no image has a feature 'site'"):
        check_slices(config, [])
