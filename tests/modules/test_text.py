"""Text from other sources stays on its line and in its cell, and controls no terminal."""

import json
import re
import time
import unicodedata
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modules.errors import InputError, StageError
from modules.text import (
    as_json,
    cause,
    clipped,
    markdown,
    printable,
    printable_lines,
    without_secrets,
)

# Clears the screen, ends lines in five ways, turns the direction, and is no character at all.
ODD = "\x1b[2J\r\n\x9b31m\x7f\x85\u2028\u2029\u202e\u2066\u200f\udcff"


@pytest.mark.parametrize("text", ["Löwe", "ライオン", "أسد", "👩‍🚀", "می‌خواهم", "a|b <c> `d` \\"])
def test_ordinary_unicode_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_characters_that_do_not_belong_in_a_line_are_escaped() -> None:
    assert printable(ODD) == (
        "\\x1b[2J\\x0d\\x0a\\x9b31m\\x7f\\x85\\u2028\\u2029\\u202e\\u2066\\u200f\\udcff"
    )


def test_a_clipped_text_is_one_short_line() -> None:
    assert clipped("浴室\n\x1b[2J\u202e") == r"浴室\x0a\x1b[2J\u202e"
    assert clipped("x" * 400) == "x" * 300 + "…"


ONE_ERROR = (
    "Graph execution error:\n\nDetected at node StatefulPartitionedCall/Relu_1 defined at (most "
    "recent call last):\n<stack traces unavailable>\n{said}\n\t [[{{{{node "
    "StatefulPartitionedCall/Relu_1}}}}]] [Op:__inference_signature_wrapper_f_364]"
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ONE_ERROR.format(
                said="input depth must be evenly divisible by filter depth: 3 vs 8"
            ),
            "input depth must be evenly divisible by filter depth: 3 vs 8",
        ),
        (
            "2 root error(s) found.\n  (0) INVALID_ARGUMENT: Unknown image file format.\n\t "
            "[[{{node decode}}]]\n\t [[if/else/_1]]\n  (1) INVALID_ARGUMENT: b\n\t [[{{node b}}]]",
            "Unknown image file format.",
        ),
        ("Matrix size-incompatible [Op:MatMul]", "Matrix size-incompatible"),
        ("2 errors:\n  a: wrong\n\n  b: missing", "2 errors: a: wrong b: missing"),
        ("[[{{node a}}]]", "[[{{node a}}]]"),
        ("", ""),
        (ONE_ERROR.format(said="x" * 400), "x" * 300 + "…"),
    ],
)  # fmt: skip
def test_the_cause_of_an_error_is_its_message_without_what_tensorflow_writes_around_it(
    error: str, expected: str
) -> None:
    assert cause(ValueError(error)) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_line_without_controls(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in shown}
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not bidi & {unicodedata.bidirectional(c) for c in shown}
    assert shown.encode().decode() == shown
    assert printable(shown) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_json_keeps_the_true_text_and_shows_no_control(text: str) -> None:
    written = as_json({text: [text]})
    assert printable(written) == written
    assert json.loads(written) == {text: [text]}


def test_json_with_an_indent_keeps_its_lines() -> None:
    assert as_json(["ö"], indent=1) == '[\n "ö"\n]'


def test_lines_are_joined_and_none_can_add_another() -> None:
    assert printable_lines(["a", "b\nc"]) == "a\nb\\x0ac"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`x`", "\\`x\\`"),
        ("[a](https://e.example)", "\\[a](https\\://e.example)"),
        ("![a](b)", "!\\[a](b)"),
        ("*a* _b_", "\\*a\\* \\_b\\_"),
        ("a\\|b", "a\\\\\\|b"),
        ("&lt;", "&amp;lt;"),
        ("www.e.example, mailto:a@e.example", "www\\.e.example, mailto\\:a\\@e.example"),
        (":cat: 1. # -", "\\:cat: 1. # -"),
        ("# a", "\\# a"),
        ("1. a", "1\\. a"),
        ("---", "\\-\\-\\-"),
        ("ends in \\", "ends in \\\\"),
    ],
)
def test_characters_that_start_markup_are_escaped(text: str, cell: str) -> None:
    assert markdown(text) == cell


@pytest.mark.parametrize(
    "text",
    [
        "blessed: accuracy 0.9943 on 176 test images; there is no baseline yet, so only the rules",
        "refused: min_class_accuracy (label=sea_lion): 0.50; --set evaluation.no_skill=allow",
        "salt & pepper, R&D, C:\\photos, #1, 50 %, -0.02, Löwe, 2026-11-25T10:13:01Z",
    ],
)
def test_ordinary_prose_is_not_escaped_at_all(text: str) -> None:
    assert markdown(text) == text


MARKUP = st.text(st.sampled_from("ab1 _*`~|\\[]()<>&;:#!-+=.$@/\"'x\u202e"), max_size=30)


@given(MARKUP | st.text(st.characters(exclude_categories=())))
def test_any_text_shows_as_it_is_in_a_line_and_in_a_cell(text: str) -> None:
    render = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    wanted = " ".join(printable(text).split())
    line = render.render(markdown(printable(text).strip())).strip()
    assert " ".join(shown_by(line).split()) == wanted
    rows = render.render(f"| a | b |\n| --- | --- |\n| x {markdown(text)} | y |")
    cells = re.findall("<td>(.*)</td>", rows)
    assert [" ".join(shown_by(cell).split()) for cell in cells] == [f"x {wanted}".strip(), "y"]


def shown_by(html: str) -> str:
    """The text of a paragraph or a cell that holds no element."""
    inner = html.removeprefix("<p>").removesuffix("</p>")
    assert "<" not in inner
    return unescape(inner)


@pytest.mark.parametrize("kind", [InputError, StageError])
def test_errors_for_people_are_one_line_whatever_they_name(kind: type[Exception]) -> None:
    message = str(kind(f"data.path: {ODD} is no folder"))
    assert message == f"data.path: {printable(ODD)} is no folder"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/a/b", "https://host/a/b"),
        ("got https://host/a?X-Sig=a%20b, but", "got https://host/a?…, but"),
        ("(see http://me:word@host:80/x#part)", "(see http://host:80/x#…)"),
        ("http://me:w@rd@host/x", "http://host/x"),
        ('{"handle": "gs://host/x?token=1", "b": 2}', '{"handle": "gs://host/x?…", "b": 2}'),
        ("of https://a/x and HTTPS://b/y?z.", "of https://a/x and HTTPS://b/y?…."),
        ("is it me@host? no", "is it me@host? no"),
    ],
)
def test_addresses_lose_possible_secrets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown
    assert str(InputError(text)) == str(StageError(text)) == shown


def test_looking_for_secrets_takes_no_time_that_grows_faster_than_the_text() -> None:
    for text in ("a" * 200_000, "a://" * 50_000, "https://" + "@" * 100_000, "?" * 200_000):
        started = time.monotonic()
        without_secrets(text)
        assert time.monotonic() - started < 2
