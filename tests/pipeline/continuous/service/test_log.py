"""The lines of the service's log."""

import io
import json
import logging
import re

import pytest

from pipeline.continuous.service import log

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_a_line_of_json_has_time_level_event_message_and_fields() -> None:
    stream = io.StringIO()
    with log.logged("json", stream):
        log.write("run_ended", "a run\nended: é", logging.WARNING, status=3, run_id=None)
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert re.fullmatch(TIME, record.pop("time"))
    assert record == {
        "level": "warning", "event": "run_ended", "message": "a run\nended: é", "status": 3,
    }  # fmt: skip


def test_a_line_of_text_has_its_time_and_what_is_no_news_its_level() -> None:
    stream = io.StringIO()
    with log.logged("text", stream):
        log.write("output", "nothing new")
        log.write("output", "two\nlines", logging.ERROR)
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(f"{TIME} nothing new", first)
    assert re.fullmatch(rf"{TIME} error: two\\x0alines", second)


def test_the_log_ends_with_its_block_and_goes_nowhere_else() -> None:
    stream = io.StringIO()
    with log.logged("text", stream):
        assert not log.LOGGER.propagate
    log.write("output", "later")
    assert not stream.getvalue()
    assert log.LOGGER.propagate


def test_a_line_that_cannot_be_written_is_dropped_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    with log.logged("text", stream):
        stream.close()
        log.write("output", "a line")
    assert capsys.readouterr() == ("", "")
    assert logging.raiseExceptions
