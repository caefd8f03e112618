"""The user sees progress, and everything else goes to the log."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.records.summary import Summary
from modules import progress
from modules.settings import Finetune
from pipeline import reporting
from pipeline.configuration import loading, safe_yaml
from pipeline.display import Display, logged_to
from tests.conftest import PROJECT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(stream: io.StringIO) -> str:
    with Display(stream) as display:
        display.start("trainer")
        progress.report("trainer stage=head epoch=1/4", done=1, total=4, note="val loss 0.5")
        display.finish("trainer")
        display.start("pusher")
        display.finish("pusher", cached=True)
    return stream.getvalue()


def test_on_a_pipe_each_report_is_a_line() -> None:
    lines = work(io.StringIO()).splitlines()
    assert lines[0] == "trainer stage=head epoch=1/4"
    assert lines[1].startswith("trainer done in ")
    assert lines[2].startswith("pusher has nothing new in ")


def test_on_a_terminal_there_is_a_bar_with_count_and_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    text = work(Terminal())
    assert "1/4" in text
    assert "val loss 0.5" in text
    assert "nothing new" in text
    assert "epoch=1/4" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_a_label_can_neither_control_the_terminal_nor_forge_a_line(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal() if terminal else io.StringIO()
    odd = "\x1b[2J\x1b]0;title\x07 \x9b \u202e \r\nrun done in 1 s\u2028[red]:cat:"
    with Display(stream) as display:
        display.say(f"said {odd}")
        display.start("trainer")
        progress.report(f"reported {odd}", done=1, total=4, note=odd)
        logging.getLogger("thaw.progress").info("logged %s", odd)
    text = stream.getvalue()
    assert not set("\x07\x9b\u202e\u2028") & set(text)
    assert "\x1b[2J" not in text
    assert "\x1b]0" not in text
    assert "\nrun done" not in text
    assert (
        "said \\x1b[2J\\x1b]0;title\\x07 \\x9b \\u202e \\x0d\\x0arun done in 1 s\\u2028[red]:cat:"
        in text
    )


def test_a_text_cannot_forge_a_record_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import logging, pathlib\n"
        "from pipeline.display import logged_to\n"
        f"with logged_to(pathlib.Path({str(log)!r}), verbose=False):\n"
        "    logging.error('a%s', '\\x1b[2J\\n2026-01-01 00:00:00,000 INFO pushed\\x9b')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    first, second = log.read_text(encoding="utf-8").splitlines()
    assert first.endswith("ERROR a\\x1b[2J")
    assert second == "    2026-01-01 00:00:00,000 INFO pushed\\x9b"


def test_neither_log_nor_display_show_what_may_be_a_secret_in_an_address(tmp_path: Path) -> None:
    address = "https://me:word@host/m?token=hidden"
    stream = io.StringIO()
    with logged_to(tmp_path / "log", verbose=False):
        logging.getLogger("tfx").info("properties: {'handle': '%s'}", address)
        try:
            raise ValueError(address)
        except ValueError:
            logging.getLogger("thaw").exception("the run ends")
    with Display(stream) as display:
        display.say(f"of {address}")
    for text in ((tmp_path / "log").read_text(encoding="utf-8"), stream.getvalue()):
        assert "https://host/m?…" in text
        assert "word" not in text
        assert "hidden" not in text


def test_counts_that_arrive_in_parts_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Display(stream) as display:
        display.start("image_example_gen")
        for _ in range(3):
            progress.report("more", advance=1000, total=5000)
    assert "3000/5000" in stream.getvalue()


def test_the_display_stops_listening_after_the_run() -> None:
    stream = io.StringIO()
    work(stream)
    before = stream.getvalue()
    progress.report("late")
    assert stream.getvalue() == before


def test_the_output_of_libraries_goes_to_the_log_also_from_c(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "tfx.log"
    code = (
        "import logging, os, pathlib\n"
        "from pipeline.display import logged_to\n"
        f"with logged_to(pathlib.Path({str(log)!r}), verbose=False) as visible:\n"
        "    print('from python')\n"
        "    os.write(1, b'from c to 1\\n')\n"
        "    os.write(2, b'from c to 2\\n')\n"
        "    logging.getLogger('any').info('a record')\n"
        "    print('for people', file=visible)\n"
        "print('after')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.splitlines() == ["for people", "after"]
    assert done.stderr == ""
    logged = log.read_text(encoding="utf-8")
    for part in ("from python", "from c to 1", "from c to 2", "INFO a record"):
        assert part in logged


def test_verbose_shows_the_log_too(tmp_path: Path) -> None:
    code = (
        "import logging, pathlib\n"
        "from pipeline.display import logged_to\n"
        f"with logged_to(pathlib.Path({str(tmp_path / 'log')!r}), verbose=True):\n"
        "    logging.getLogger('any').info('a record')\n"
        "    from absl import logging as of_tfx\n"
        "    of_tfx.warning('ArtifactQuery.property_predicate is not supported.')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert "INFO a record" in done.stderr
    # Of no use to a person: TFX warns of it for each input of each node.
    assert "ArtifactQuery" not in done.stderr + done.stdout
    assert "ArtifactQuery" in (tmp_path / "log").read_text(encoding="utf-8")


def summary(status: str, **values: object) -> Summary:
    return Summary.model_validate(
        {
            "run_id": "1",
            "status": status,
            "serving_dir": "/s",
            "model_version": 7,
            "seconds": {"total": 3.2},
            "peak_rss_mb": 100.0,
            **values,
        }
    )


def test_the_outcome_says_what_was_pushed_and_what_the_data_lacks(tmp_path: Path) -> None:
    config = loading.load(PROJECT / "configs" / "digits.yaml", (), tmp_path)
    assert "pushed version 7 to /s" in reporting.outcome(summary("pushed"), config)
    assert "nothing was pushed" in reporting.outcome(summary("rejected"), config)
    unchanged = reporting.outcome(summary("unchanged"), config)
    assert "nothing to do; version 7 is in /s" in unchanged
    quarantined = {"by_reason": {"unreadable": 2, "the file is empty": 1}, "list": "/q.jsonl"}
    bad = summary("pushed", data={"quarantined": quarantined})
    lines = reporting.outcome(bad, config)
    assert "3 could not be used (2 unreadable, 1 the file is empty)" in lines
    assert "they are listed in /q.jsonl" in lines
    plain = {"count": 1, "colors": {"#ffffff": 1}, "first": ["a.png"], "list": "/o.jsonl"}
    faint = summary("pushed", data={"images": {"test": {"a": 4}}, "one_color": plain})
    assert "data: 1 of 4 images is of one colour (1 #ffffff)" in reporting.outcome(faint, config)
    unseen = summary("pushed", data={"images": {"test": {"a": 0, "b": 3}}})
    assert "the gate cannot judge 'a': the test split has no such image" in reporting.outcome(
        unseen, config
    )


def test_a_run_that_changed_nothing_says_that_the_verdict_is_of_the_push(tmp_path: Path) -> None:
    config = loading.load(PROJECT / "configs" / "digits.yaml", (), tmp_path)
    verdict = {
        "verdict": "blessed",
        "sentence": "blessed: there is no baseline yet",
        "n": 40,
        "baseline": {"version": None, "reason": "there is no baseline yet"},
        "rules": [],
        "forced": None,
    }
    unchanged = reporting.outcome(summary("unchanged", gate=verdict), config)
    assert "gate, when it was pushed: blessed: there is no baseline yet" in unchanged.splitlines()
    pushed = reporting.outcome(summary("pushed", gate=verdict), config)
    assert "gate: blessed: there is no baseline yet" in pushed.splitlines()


def test_records_without_fields_have_none() -> None:
    record = logging.LogRecord("n", logging.INFO, os.devnull, 1, "text", (), None)
    assert progress.fields_of(record) == {}


@pytest.mark.parametrize(
    ("finetune", "line"),
    [
        (
            "{}",
            "stages: head (the head alone, up to 10 epochs), full (all blocks, up to 10 epochs)",
        ),
        (
            "{schedule: auto}",
            "stages: chosen by the size of the data and of the backbone (schedule: auto)",
        ),
        (
            "{stages: [{name: a, unfreeze: {last: 2}, epochs: 1}, {name: b, unfreeze: {last: 1}}]}",
            "stages: a (the last 2 blocks, up to 1 epoch), b (the last block, up to 10 epochs)",
        ),
        (
            "{stages: [{name: a, unfreeze: {fraction: 0.4}, epochs: 3}]}",
            "stages: a (the last 40 % of the blocks, up to 3 epochs)",
        ),
        (
            "{stages: [{name: a, unfreeze: {match: [^block_1, stem]}, epochs: 3}]}",
            "stages: a (the blocks that match '^block_1' and 'stem', up to 3 epochs)",
        ),
        (
            "{schedule: auto, warm_start: {from: served}}",
            "stages: chosen by the size of the data and of the backbone (schedule: auto); "
            "from the served version, if it fits: warm (all blocks, up to 5 epochs)",
        ),
    ],
)
def test_a_run_says_first_which_stages_it_trains(finetune: str, line: str) -> None:
    assert reporting.planned(Finetune.model_validate(safe_yaml.parse(finetune))) == line
