"""Calls of ``thaw retrain`` that are killed at any moment lose nothing and do nothing twice."""

from pathlib import Path

import pytest

from tests.e2e.thaw import thaw, tree
from tests.faults import watching
from tests.faults.mounts import fill, small_disk
from tests.faults.retraining import Retrained
from tests.faults.running import Moment
from tests.faults.test_disk import KB, one_line

pytestmark = pytest.mark.e2e

# While the images of a span are ingested; when a version is there, and nothing knows of it yet.
DELICATE = (
    Moment("statistics_gen", 0.5, line=r"^span \d+: image_example_gen (done|has nothing new)"),
    Moment("pusher", path="serving/[0-9]*"),
)
# A span for each: two kills while it is taken in, and two in the training.
CHAINS = (
    (
        Moment("prepare", 0.5, line="^run "),
        Moment("statistics_gen", 0.1, line=r"^span \d+: image_example_gen (done|has)"),
        Moment("the decision", line="^training is due"),
        Moment("trainer", line="epoch=2/8"),
    ),
    (
        Moment("image_example_gen", 0.05, line=r"^span \d+: curated_schema (done|has)"),
        Moment("span_review", 0.05, line=r"^span \d+: data_check (done|has)"),
        Moment("window", line="^curated_schema (done|has)"),
        Moment("evaluator", 1.0, line="^baseline (done|has)"),
    ),
    (
        Moment("image_example_gen", line="^run ", path="artifacts/ImageExampleGen/examples/*/*"),
        Moment("data_check", line=r"^span \d+: example_validator (done|has)"),
        Moment("transform", 0.5, line="^data_check (done|has)"),
        Moment("pusher", path="serving/.*.partial/saved_model.pb"),
    ),
    (
        Moment("example_validator", line=r"^span \d+: statistics_gen (done|has)"),
        Moment("the registry", line=r"^span \d+: span_review (done|has)"),
        Moment("infra_check", 1.0, line="^evaluator (done|has)"),
        Moment("run_summary", line="^pusher (done|has)"),
    ),
    (
        Moment("span_review", line="^run ", path="artifacts/SpanReview/*/*/*"),
        Moment("prepare", 0.2, line="^window: "),
        Moment("trainer", 0.1, line="epoch=8/8"),
        Moment("the summary", line="^run_summary (done|has)"),
    ),
)


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> Retrained:
    """A root in which a first version was pushed."""
    retrained = Retrained(tmp_path_factory.mktemp("retraining"))
    retrained.comes(25)
    retrained.finish()
    return retrained


def test_two_kills_take_nothing_in_twice_and_push_one_version(retrained: Retrained) -> None:
    retrained.chain(DELICATE)
    retrained.check_end()
    assert retrained.kills == list(DELICATE)


@pytest.mark.slow
def test_twenty_kills_take_nothing_in_twice_and_push_one_version_for_each_span(
    retrained: Retrained,
) -> None:
    before = len(retrained.kills)
    for moments in CHAINS:
        retrained.chain(moments)
    retrained.check_end()
    kills = retrained.kills[before:]
    print(f"{len(kills)} kills: {', '.join(map(str, kills))}")
    assert len(kills) >= 18  # A call may have ended before the moment came.


@pytest.mark.slow
def test_a_full_disk_is_told_in_one_line_and_harms_nothing_that_is_served(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        retrained = Retrained(disk)
        retrained.comes(25)
        retrained.finish()
        before = tree(retrained.serving)
        span = retrained.comes(12)
        # No byte; hardly what ML Metadata needs; some of what the training needs.
        for left in (0, 40 * KB, 400 * KB, 1500 * KB):
            ballast = fill(disk, left)
            done = thaw("retrain", retrained.config, "--root", retrained.root)
            ballast.unlink()
            one_line(done, 1, f"no space is left on the disk of {disk}")
            assert tree(retrained.serving) == before
            retrained.check_decisions()
        retrained.finish()
        (_, version) = watching.numbers(retrained.serving)
        assert span in retrained.spans_of(version)
        retrained.check_end()
