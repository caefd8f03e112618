"""What may be loaded, in every command; and data whose names are made to mislead."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.backbones.loading.fingerprint import folder_fingerprint
from modules.text import printable
from tests.conftest import GLYPHS, PROJECT
from tests.e2e.thaw import DIGITS, summary_in, thaw
from tests.e2e.web import Server, answering, packed

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with answering({"/glyphs": packed(GLYPHS)}) as server:
        yield server


@pytest.mark.parametrize("command", ["run", "inspect", "lr-find"])
def test_a_handle_that_is_not_allowed_is_refused_before_it_is_asked_for(
    command: str, server: Server, tmp_path: Path
) -> None:
    server.asked.clear()
    done = thaw(
        command, DIGITS, "--root", tmp_path / "root",
        "--set", f"backbone.handle={server.address}/glyphs",
        TFHUB_CACHE_DIR=str(tmp_path / "cache"),
        THAW_ALLOWED_HANDLES=f"https://tfhub.dev,{server.address}/glyph",
    )  # fmt: skip
    assert done.code == 2
    assert done.err.startswith(f"thaw: backbone.handle: got {server.address}/glyphs, but THAW_ALL")
    assert len(done.err.strip().splitlines()) == 1
    assert server.asked == []


@pytest.mark.parametrize("command", ["run", "inspect", "lr-find"])
def test_a_module_that_is_not_the_pinned_one_is_refused(command: str, tmp_path: Path) -> None:
    done = thaw(command, DIGITS, "--root", tmp_path, "--set", f"backbone.sha256='{'0' * 64}'")
    assert done.code == 2
    assert f"has {folder_fingerprint(str(GLYPHS))}, and must have {'0' * 64}" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_inspect_shows_what_to_pin_and_takes_it(server: Server, tmp_path: Path) -> None:
    cache = {"TFHUB_CACHE_DIR": str(tmp_path / "cache")}
    done = thaw("inspect", f"{server.address}/glyphs", **cache)
    assert done.code == 0, done.err
    _, second, *_ = done.out.splitlines()
    word, pin = second.split()
    assert (word, pin) == ("sha256", folder_fingerprint(str(GLYPHS)))
    pinned = [
        "--set", f"backbone={{handle: '{server.address}/glyphs', sha256: {pin},"
        f" allowed: ['{server.address}']}}",
    ]  # fmt: skip
    done = thaw("inspect", DIGITS, *pinned, "--json", **cache, THAW_ALLOWED_HANDLES=server.address)
    assert done.code == 0, done.err
    assert json.loads(done.out)["sha256"] == pin


# Clears a screen by a C1 control, ends lines in Unicode's way, turns the direction of writing, and
# is markup of Rich, HTML, Markdown and Beam's displays.
ODD = (
    "a \x9b2J\x85\u2028INFO pushed",
    "b \u202egnp.exe\u2066 [red]|`x`|<script>alert(1)</script>:cat:",
)


def unsafe(text: str) -> set[str]:
    return {c for c in text if c != "\n" and printable(c) != c}


def test_labels_and_names_that_are_made_to_mislead_are_shown_as_they_are(tmp_path: Path) -> None:
    """A whole run, and a prediction, of classes and files with odd names."""
    photos = tmp_path / "photos"
    for label, digit in zip(ODD, "07", strict=True):
        folder = photos / label.replace("/", "\N{DIVISION SLASH}")
        folder.mkdir(parents=True)
        for path in sorted((PROJECT / "data" / "digits" / digit).iterdir())[:60]:
            shutil.copy(path, folder / path.name)
    (photos / ODD[0] / "broken \x1b[2J\n\u2028.png").write_bytes(b"no image")
    labels = sorted(folder.name for folder in photos.iterdir())
    done = thaw(
        "run", DIGITS, "--root", tmp_path / "root", "--set", f"data.path={photos}",
        "--set", "data.max_bad_fraction=0.05", "--set", "evaluation.min_examples=5",
        "--set", "evaluation.no_skill=allow",
        "--set", "finetune={stages: [{name: head, epochs: 3, learning_rate: 0.01}]}",
    )  # fmt: skip
    assert done.code == 0, done.out + done.err
    assert not unsafe(done.out + done.err)
    summary = summary_in(tmp_path / "root")
    assert summary["labels"] == labels
    assert list(summary["metrics"]["candidate"]["by_class"]) == labels
    (line,) = Path(summary["data"]["quarantined"]["list"]).read_text("utf-8").splitlines()
    assert not unsafe(line)
    assert json.loads(line)["path"].endswith("broken \x1b[2J\n\u2028.png")
    (log,) = (tmp_path / "root" / "runs").glob("*/tfx.log")
    assert "\x1b[2J" not in log.read_text(encoding="utf-8")

    image = tmp_path / "x \x1b]0;title\x07\n\u202e.png"
    shutil.copy(next((PROJECT / "data" / "digits" / "7").iterdir()), image)
    told = thaw("predict", DIGITS, "--root", tmp_path / "root", image)
    assert told.code == 0, told.err
    assert told.out.startswith(f"{printable(image)}: {printable(labels[1])} (")
    assert len(told.out.splitlines()) == 1
    as_json = thaw("predict", DIGITS, "--root", tmp_path / "root", image, "--json")
    assert not unsafe(as_json.out)
    (row,) = json.loads(as_json.out)
    assert (row["image"], row["label"]) == (str(image), labels[1])
    refused = thaw("predict", DIGITS, "--root", tmp_path / "root", photos / "\x1b[2J\nnone")
    assert refused.code == 2
    assert not unsafe(refused.err)
    assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["predict", "x", "--\x1b[2Jx"], ["\x1b[2Jx"]])
def test_what_the_command_line_does_not_know_is_shown_as_it_is(arguments: list[str]) -> None:
    done = thaw(*arguments)
    assert done.code == 2
    assert "\x1b[2J" not in done.err
