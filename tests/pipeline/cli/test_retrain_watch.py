"""The options of ``thaw retrain --watch``."""

from pathlib import Path

import pytest

from pipeline.state.root import Root
from tests.conftest import PROJECT
from tests.e2e.thaw import thaw

DIGITS = PROJECT / "configs" / "digits.yaml"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--every", "1h"], "--every: goes with --watch alone; add --watch, or remove it"),
        (["--http", "9108"], "--http: goes with --watch alone; add --watch, or remove it"),
        (["--log", "json"], "--log: goes with --watch alone; add --watch, or remove it"),
        (["--watch", "--dry-run"], "--dry-run: does not go with --watch; remove one of them"),
        (["--watch", "--json"], "--json: does not go with --watch; remove one of them"),
        (
            ["--watch", "--every", ""],
            "--every: got '', must be a number and a unit (s, m, h, d or w); write it like 15m or "
            "7d",
        ),
        (
            ["--watch", "--http", "x", "--set", "data={path: 'x/{SPAN}', window: {spans: 2}}"],
            "--http: got 'x', must be HOST:PORT with a port up to 65535; write it like "
            "127.0.0.1:9108, or [::1]:9108",
        ),
    ],
)
def test_a_mistake_in_the_options_of_the_service_is_told_in_one_line(
    arguments: list[str], line: str, tmp_path: Path
) -> None:
    done = thaw("retrain", DIGITS, "--root", tmp_path / "root", *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"thaw: {line}\n")


def test_a_second_service_ends_with_75_and_a_line(tmp_path: Path) -> None:
    root = Root(tmp_path)
    with root.watched():
        done = thaw(
            "retrain", DIGITS, "--root", tmp_path, "--watch",
            "--set", "data={path: 'x/{SPAN}', window: {spans: 2}}",
        )  # fmt: skip
    assert done.code == 75
    assert done.err == (
        f"thaw: root: another thaw retrain --watch already runs for {tmp_path}; stop that one, "
        "or use another root with --root\n"
    )
