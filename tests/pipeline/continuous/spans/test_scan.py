"""What is new among the spans."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from components.image_example_gen import listing_file
from components.records import spans as registry
from modules.errors import InputError
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.continuous.spans.scan import (
    Scan,
    digest_without_listing,
    golden_digests,
    options_digest,
    pinned,
    scan_spans,
)
from pipeline.golden import names
from pipeline.state.root import Root
from tests.components.window.test_selection import record
from tests.conftest import GLYPHS, PROJECT
from tests.image_files import saved


@pytest.fixture
def config_of(tmp_path: Path) -> Callable[..., Config]:
    """Makes a config of spans, with four images in each of two classes, and keys of ``data``."""

    def make(spans: list[str], path: str = "span-{SPAN}", **data: Any) -> Config:
        for number, span in enumerate(spans):
            for label in "ab":
                folder = tmp_path / span / label
                folder.mkdir(parents=True)
                for image in range(4):
                    image_of = Image.new("RGB", (8, 8), (number, image, ord(label)))
                    (folder / f"{image}.png").write_bytes(saved(image_of, "PNG"))
        file = tmp_path / "spans.yaml"
        keys = {"path": f"{tmp_path}/{path}", "window": {"spans": 2}, **data}
        file.write_text(f"data: {keys}\nbackbone: {{handle: {GLYPHS}}}\n", encoding="utf-8")
        return loading.load(file)

    return make


def changes(scan: Scan) -> dict[int, str]:
    return {span.number: span.change for span in scan.spans}


def ingested(config: Config, span: int, **values: Any) -> Any:
    """A span's record, as ingesting it now would leave it."""
    (source,) = (
        scanned.source for scanned in scan_spans(config, {}).spans if scanned.number == span
    )
    listing = listing_file.take(pinned(config, source), min_classes=1)
    listing_file.write(Root(config.root).listing_of(span), listing)
    known = {"content_digest": listing.fingerprint, "options_digest": options_digest(config)}
    return record(span, **{**known, **values})


def test_only_spans_that_the_window_needs_are_scanned(config_of: Callable[..., Config]) -> None:
    scan = scan_spans(config_of(["span-1", "span-2", "span-10"]), {})
    assert changes(scan) == {2: "new", 10: "new"}
    assert scan.before_window == (1,)
    assert [span.images for span in scan.spans] == [8, 8]


def test_older_spans_are_needed_where_a_part_of_them_stays_in(
    config_of: Callable[..., Config],
) -> None:
    window = {"spans": 1, "older": {"fraction": 0.5}}
    scan = scan_spans(config_of(["span-1", "span-2"], window=window), {})
    assert changes(scan) == {1: "new", 2: "new"}


def test_a_span_is_changed_when_its_content_or_its_options_are(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1", "span-2"])
    records = {n: ingested(config, n) for n in (1, 2)}
    assert changes(scan_spans(config, records)) == {1: "none", 2: "none"}
    (tmp_path / "span-2/a/0.png").rename(tmp_path / "span-2/a/9.png")
    assert changes(scan_spans(config, records)) == {1: "none", 2: "changed"}
    other = loading.load(config.file, ["data.max_pixels=1000"])
    assert changes(scan_spans(other, records)) == {1: "changed", 2: "changed"}


def test_a_higher_version_is_a_change(config_of: Callable[..., Config]) -> None:
    config = config_of(["span-1/v-1", "span-1/v-2"], path="span-{SPAN}/v-{VERSION}")
    assert changes(scan_spans(config, {1: record(1, version=1)})) == {1: "changed"}


def test_a_quarantined_span_leaves_its_place_in_the_window(
    config_of: Callable[..., Config],
) -> None:
    config = config_of(["span-1", "span-2", "span-3"])
    quarantined = ingested(config, 3, state="quarantined")
    assert changes(scan_spans(config, {3: quarantined})) == {1: "new", 2: "new", 3: "none"}


def test_an_invalid_span_is_tried_again_when_the_schema_changes(
    config_of: Callable[..., Config],
) -> None:
    config = config_of(["span-1"])
    tried_with = options_digest(config, is_invalid=True)
    invalid = ingested(config, 1, state="invalid", options_digest=tried_with, artifacts={})
    assert changes(scan_spans(config, {1: invalid})) == {1: "none"}
    rejected = invalid.model_copy(update={"state": "rejected"})
    assert changes(scan_spans(config, {1: rejected})) == {1: "none"}
    Root(config.root).schema.write_text("feature { name: 'label' }", encoding="utf-8")
    assert changes(scan_spans(config, {1: invalid})) == {1: "changed"}


def test_an_invalid_span_is_tried_again_when_another_one_is_rejected(
    config_of: Callable[..., Config],
) -> None:
    """The other one may have had the same bytes under another label."""
    config = config_of(["span-1", "span-2"])
    tried_with = options_digest(config, is_invalid=True)
    invalid = ingested(config, 2, state="invalid", options_digest=tried_with, artifacts={})
    for state, change in (("accepted", "none"), ("quarantined", "none"), ("rejected", "changed")):
        other = ingested(config, 1, state=state)
        registry.write(Root(config.root).spans, [other, invalid])
        assert changes(scan_spans(config, {1: other, 2: invalid}))[2] == change


def test_an_empty_span_is_told_and_the_others_are_scanned(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1"])
    os.mkdir(tmp_path / "span-2")
    first, second = scan_spans(config, {}).spans
    assert (first.change, first.problem) == ("new", "")
    assert "span-2" in second.problem
    assert second.change == "new"


def test_a_span_that_cannot_be_listed_is_news_once_and_again_when_it_can_be(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1"])
    before = ingested(config, 1)
    (tmp_path / "span-1").rename(tmp_path / "away")
    os.mkdir(tmp_path / "span-1")
    (emptied,) = scan_spans(config, {1: before}).spans
    assert emptied.change == "changed"
    values = {
        "content_digest": digest_without_listing(emptied.problem),
        "options_digest": options_digest(config, is_invalid=True),
        "artifacts": {},
    }
    for state in ("invalid", "rejected"):
        unlisted = before.model_copy(update={**values, "state": state})
        assert changes(scan_spans(config, {1: unlisted})) == {1: "none"}
    os.rmdir(tmp_path / "span-1")
    (tmp_path / "away").rename(tmp_path / "span-1")
    assert changes(scan_spans(config, {1: unlisted})) == {1: "changed"}


@pytest.mark.parametrize(
    ("path", "window", "message"),
    [
        ("photos", {"spans": 1}, "has no place for spans; write it like"),
        ("span-{SPAN}", {"days": 7}, "days need a date in data.path"),
        ("span-{SPAN}", None, "the config has none"),
    ],
)
def test_a_window_that_the_path_does_not_fit_is_refused(
    config_of: Callable[..., Config], path: str, window: Any, message: str
) -> None:
    file = config_of([], path).file
    config = loading.load(file, [f"data.window={window or 'null'}"])
    with pytest.raises(InputError, match=rf"^data\.window: .*{message}"):
        scan_spans(config, {})


def test_a_scan_imports_no_tensorflow(config_of: Callable[..., Config]) -> None:
    file = config_of(["span-1", "span-2"]).file
    code = (
        "import sys\n"
        "from pipeline.configuration import loading\n"
        "from pipeline.continuous.spans.scan import scan_spans\n"
        f"print(len(scan_spans(loading.load({str(file)!r}), {{}}).spans))\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.split("\n")[:2] == ["2", "[]"]


def test_a_span_is_changed_when_other_images_of_it_are_golden(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1", "span-2"])
    records = {n: ingested(config, n) for n in (1, 2)}
    golden = tmp_path / "golden/b"
    golden.mkdir(parents=True)
    judged = loading.load(config.file, [f"evaluation.golden={tmp_path}/golden"])

    (golden / "x.png").write_bytes(saved(Image.new("RGB", (9, 9)), "PNG"))
    assert changes(scan_spans(judged, records)) == {1: "none", 2: "none"}

    shutil.copy(tmp_path / "span-2/a/0.png", golden / "y.png")
    assert changes(scan_spans(judged, records)) == {1: "none", 2: "changed"}
    source = scan_spans(judged, records).spans[1].source
    listing = listing_file.take(pinned(judged, source), min_classes=1)
    retaken = records[2].model_copy(
        update={"options_digest": options_digest(judged, golden_digests(listing, names(judged)))}
    )
    assert changes(scan_spans(judged, {**records, 2: retaken})) == {1: "none", 2: "none"}
    assert changes(scan_spans(config, {**records, 2: retaken})) == {1: "none", 2: "changed"}
    assert not Root(config.root).golden_listing.exists()


def test_a_golden_set_that_is_not_the_pinned_one_is_refused_before_any_span_is_scanned(
    config_of: Callable[..., Config], tmp_path: Path
) -> None:
    config = config_of(["span-1"])
    golden = tmp_path / "golden/a"
    golden.mkdir(parents=True)
    shutil.copy(tmp_path / "span-1/a/0.png", golden / "x.png")
    pinned = f"evaluation.golden={{path: {tmp_path}/golden, sha256: {'f' * 64}}}"
    message = r"^evaluation\.golden\.sha256: the set in .*/golden has the fingerprint [0-9a-f]{64},"
    with pytest.raises(InputError, match=message):
        scan_spans(loading.load(config.file, [pinned]), {})
