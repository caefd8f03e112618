"""``thaw schema accept`` and ``remove``: who lets which class come and go."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.records import domains, spans
from components.records.data import REPORT_FILE, DataRecord
from components.records.spans import SpanRecord
from pipeline.cli.app import app
from pipeline.configuration import loading
from pipeline.domains import establish
from pipeline.state.root import Root
from tests.pipeline.test_domains import continuous, pushed


@pytest.fixture
def config(tmp_path: Path) -> str:
    """The file of a config with a window, whose first model is pushed."""
    config = continuous(tmp_path)
    pushed(config.root, "cat", "dog", "emu")
    return str(config.file)


@pytest.fixture
def root(config: str) -> Root:
    """Its root."""
    return Root(loading.load(Path(config)).root)


def thaw(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", *arguments])


def refusal(*arguments: str) -> str:
    done = thaw(*arguments)
    assert done.exit_code == 1
    return str(done.exception)


def labels(root: Root) -> tuple[str, ...]:
    known = domains.read(root.schema)
    assert known is not None
    return known.values["label"]


def test_an_accepted_class_is_listed_with_who_accepted_it_and_why(root: Root, config: str) -> None:
    done = thaw("accept", config, "label=fox", "--by", "Ada", "--reason", "seen in May")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("accepted label 'fox', by Ada; ")
    assert labels(root) == ("cat", "dog", "emu", "fox")
    shown = thaw("show", config).stdout.splitlines()
    assert shown[0] == "label: 'cat', 'dog', 'emu', 'fox'"
    assert shown[-1].endswith("Z Ada accepted label 'fox': seen in May")


def test_several_values_come_and_go_together_or_not_at_all(root: Root, config: str) -> None:
    done = thaw("accept", config, "label=a", "label=b", "label=a", "format=JPEG", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert "accepted label 'a' and 'b' and format 'JPEG', by Ada" in done.stdout
    content = root.schema.read_bytes()
    message = refusal("accept", config, "label=c", "label=b", "--by", "Ada")
    assert message == "label: 'b': accepted already; leave that out"
    assert root.schema.read_bytes() == content
    assert thaw("remove", config, "label=a", "label=b", "--by", "Bob").exit_code == 0
    assert labels(root) == ("cat", "dog", "emu")


@pytest.mark.parametrize("label", ["-dash", "k=v", "it's", "a, b", "ünï", '"', "$x", "back\\slash"])
def test_an_odd_label_comes_and_goes_as_a_shell_would_give_it(
    root: Root, config: str, label: str
) -> None:
    words = shlex.split(f"accept {config} {shlex.quote(f'label={label}')} --by NAME")
    assert thaw(*words).exit_code == 0
    assert label in labels(root)
    assert thaw("remove", *words[1:]).exit_code == 0
    assert label not in labels(root)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["accept", "fox"], "got 'fox', must be FEATURE=VALUE, such as label=cat"),
        (["accept", "label="], "got 'label=', must be FEATURE=VALUE, such as label=cat"),
        (["accept", "lable=x"], "no list is kept of a feature 'lable'; did you mean label?"),
        (["accept", "width=3"], "no list is kept of a feature 'width'; use label or format"),
        (["accept", "label=cat"], "label: 'cat': accepted already; leave that out"),
        (
            ["accept", "format=WEBP"],
            "Thaw reads 'JPEG', 'PNG', 'GIF' and 'BMP'; convert the images",
        ),
        (["remove", "label=fox"], "not accepted, so there is nothing to remove; thaw schema show"),
        (["remove", "label=cat", "label=dog"], "1 label would be left, must be at least 2; remove"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line_and_changes_nothing(
    root: Root, config: str, arguments: list[str], message: str
) -> None:
    action, *values = arguments
    establish(loading.load(Path(config)))
    content = root.schema.read_bytes()
    assert message in refusal(action, config, *values, "--by", "Ada")
    assert root.schema.read_bytes() == content


def span(number: int, **train: int) -> SpanRecord:
    """An accepted span with so many images of each class."""
    return SpanRecord(
        span=number,
        fingerprint="f",
        content_digest="c",
        options_digest="r",
        state="accepted",
        reason="",
        decided_by="thaw",
        decided_at="",
        ingested_at="",
        run_id="1",
        images={"train": train},
        artifacts={"older": f"older-{number}"},
    )


def test_a_class_of_which_the_window_has_images_is_not_removed(root: Root, config: str) -> None:
    rows = [span(1, emu=9), span(2, cat=3, emu=1), span(3, cat=3, emu=0)]
    spans.write(root.spans, rows)
    message = refusal("remove", config, "label=emu", "--by", "Ada")
    assert message == (
        "label: 'emu' has images that the next model would learn, in span 2; take them out of the "
        "data and run thaw run, reject the span with thaw spans, or wait until the window has "
        "moved on; then remove the class"
    )
    spans.write(root.spans, [*rows, span(4, dog=2)])
    older = ["--set", "data.window={spans: 2, older: {fraction: 0.1}}"]
    assert "in spans 1, 2;" in refusal("remove", config, "label=emu", "--by", "Ada", *older)
    kept = {"ingestion": "first", "older": "older-1"}
    spans.write(root.spans, [rows[0].model_copy(update={"artifacts": kept}), *rows[1:], span(4)])
    (root.path / "first").mkdir()
    report = DataRecord(images=rows[0].images, older={"train": {"emu": 0}})
    (root.path / "first" / REPORT_FILE).write_text(report.as_text())
    assert "in span 2;" in refusal("remove", config, "label=emu", "--by", "Ada", *older)
    assert thaw("remove", config, "label=emu", "--by", "Ada").exit_code == 0
    assert labels(root) == ("cat", "dog")


def test_a_change_needs_a_name(config: str) -> None:
    for words in (["--by", " "], []):
        assert refusal("accept", config, "label=x", *words) == (
            "--by: missing or empty; the history records a name, so give yours"
        )


def test_before_the_first_push_there_is_nothing_to_change(tmp_path: Path) -> None:
    config = continuous(tmp_path)
    for words in (["show"], ["accept", "label=x", "--by", "Ada"]):
        assert "has no schema.pbtxt yet; the first model that is pushed" in refusal(
            words[0], str(config.file), *words[1:]
        )
    assert not config.root.exists()


def test_data_without_a_window_has_no_list(config: str) -> None:
    wrong = refusal("accept", config, "label=x", "--by", "Ada", "--set", "data.window=null")
    assert wrong.startswith("data.window: ")
    assert "to limit the labels of other data, use a string_domain in data.schema" in wrong


def test_a_class_that_the_user_s_own_schema_does_not_list_is_added_there_first(
    tmp_path: Path, root: Root, config: str
) -> None:
    own = tmp_path / "own.pbtxt"
    own.write_text(
        'feature { name: "label" type: BYTES domain: "l" } string_domain { name: "l" value: "cat" }'
    )
    wrong = refusal("accept", config, "label=x", "--by", "Ada", "--set", f"data.schema={own}")
    assert wrong.endswith("own.pbtxt (data.schema) does not list it; add it there")


def test_a_root_in_use_is_left_alone(root: Root, config: str) -> None:
    with root.held():
        assert "another run holds" in refusal("accept", config, "label=x", "--by", "Ada")
    assert not root.schema.exists()
