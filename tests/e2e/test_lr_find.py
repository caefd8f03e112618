"""``thaw lr-find`` on the digits that ship, and what it refuses."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.thaw import DIGITS, thaw

pytestmark = pytest.mark.e2e


def test_a_stage_is_tested_and_drawn(tmp_path: Path) -> None:
    done = thaw("lr-find", DIGITS, "--root", tmp_path / "root", "--steps", "40", "--json")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert set(record) == {
        "config", "stage", "batch_size", "configured", "suggested", "tenth_of_least",
        "blown_up", "steps", "rates", "losses", "smoothed", "images", "picture",
    }  # fmt: skip
    assert (record["stage"], record["configured"]) == ("head", 0.003)
    assert 1e-3 < record["suggested"] < 0.1
    assert len(record["rates"]) == len(record["losses"]) == len(record["smoothed"]) <= 40
    assert record["images"]["train"] == 40 * 32
    assert record["images"]["bad"] == 0
    picture = Path(record["picture"])
    assert picture == tmp_path / "root" / "lr_find_head.png"
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert image.size == (1200, 750)
        assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 100
    # Nothing else is kept: a run with this root starts as if it had not been.
    assert list(picture.parent.iterdir()) == [picture]


def test_a_later_stage_comes_after_those_before_it(tmp_path: Path) -> None:
    picture = tmp_path / "new" / "partial"
    done = thaw(
        "lr-find", DIGITS, "--stage", "partial", "--steps", "40", "--picture", picture,
        "--root", tmp_path / "root", "--set", "finetune.stages.0.epochs=1",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "trainer stage=head epoch=1/1" in done.out
    assert "trainer stage=partial" not in done.out
    assert "configured 0.001" in done.out
    assert done.out.strip().endswith(f"picture: {picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stage", "hed"], "--stage: there is no stage 'hed'; did you mean head?"),
        (["--stage", "x"], "--stage: there is no stage 'x'; the schedule has head, partial, full"),
        (["--steps", "3"], "--steps: got 3, must be at least 20; give more"),
        (["--set", "data.path=none"], "does not exist"),
        (["--picture", "."], "is a folder; name a file"),
        (
            ["--set", "finetune.stages.0.batch_size=2000"],
            "finetune.stages[head].batch_size: got 2000, but",
        ),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = thaw("lr-find", DIGITS, "--root", tmp_path, *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
