"""The list of labels and formats, its file and its history."""

import json
from pathlib import Path

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from components.records import domains
from components.records.domains import Domains
from modules.errors import InputError
from modules.text import printable

AT = "2026-11-25T12:00:00Z"
ODD = (
    "a, b (<1%)",
    "it's",
    'say "x"',
    "k=v",
    "-dash",
    "ünï",
    "tab\there",
    "\u202eright",
    "back\\n",
)


def established(*labels: str, formats: tuple[str, ...] = ("PNG",)) -> Domains:
    values = {"label": labels, "format": formats}
    return Domains({}).changed("establish", values, by="thaw", at=AT, reason="version 7")


def test_what_is_written_is_read_again_with_its_history(tmp_path: Path) -> None:
    path = tmp_path / "schema.pbtxt"
    known = established("b", *ODD, "a").changed("accept", {"label": ("c",)}, by="Ada", at=AT)
    domains.write(path, known)
    assert domains.read(path) == known
    assert known.values["label"] == tuple(sorted([*ODD, "a", "b", "c"]))
    text = path.read_text()
    assert printable(text.replace("\n", "")) == text.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["schema.pbtxt"]


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_any_label_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, labels: set[str]
) -> None:
    path = tmp_path_factory.mktemp("root") / "schema.pbtxt"
    domains.write(path, established(*labels))
    read = domains.read(path)
    assert read is not None
    assert set(read.values["label"]) == labels


def test_the_file_is_a_schema_that_other_programs_read(tmp_path: Path) -> None:
    domains.write(tmp_path / "schema.pbtxt", established("dog", "cat"))
    text = (tmp_path / "schema.pbtxt").read_text()
    schema = text_format.Parse(text, schema_pb2.Schema())
    assert domains.values_of(schema, "label") == ("cat", "dog")
    assert [feature.distribution_constraints.min_domain_mass for feature in schema.feature] == [
        1,
        1,
    ]


def test_each_change_says_what_it_was_made_from() -> None:
    known = established("a", "b")
    known = known.changed("accept", {"label": ("c",)}, by="Ada", at=AT, reason="new")
    known = known.changed("remove", {"label": ("a",)}, by="Bob", at=AT)
    first, second, third = known.history
    assert known.values == {"label": ("b", "c"), "format": ("PNG",)}
    assert (first.after, second.after) == (second.before, third.before)
    assert third.after == domains.digest(known.values)
    assert (second.by, second.values, second.reason) == ("Ada", {"label": ("c",)}, "new")


def test_a_removed_label_counts_as_removed_until_it_is_accepted_again() -> None:
    known = established("a", "b").changed("remove", {"label": ("a",)}, by="Ada", at=AT)
    assert known.removed_labels() == {"a"}
    again = known.changed("accept", {"label": ("a",)}, by="Ada", at=AT)
    assert again.removed_labels() == set()
    assert again.removed_labels(ever=True) == {"a"}


def test_a_missing_file_says_nothing_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schema.pbtxt"
    assert domains.read(path) is None
    domains.write(path, established("a"))
    text = path.read_text()
    for wrong, problem in [
        (text + "}", "is damaged"),
        (text.replace('"action"', '"deed"'), "is damaged"),
        (text + 'feature { name: "width" type: INT }', "holds more than labels and formats"),
    ]:
        path.write_text(wrong)
        with pytest.raises(InputError, match=rf"schema\.pbtxt, which .* {problem}.*; restore it"):
            domains.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="cannot be read"):
        domains.read(path)


def test_a_value_that_a_person_wrote_into_the_file_counts_and_shows_in_the_next_change(
    tmp_path: Path,
) -> None:
    path = tmp_path / "schema.pbtxt"
    domains.write(path, established("b"))
    path.write_text(path.read_text().replace('value: "b"', 'value: "b"\n    value: "a"'))
    known = domains.read(path)
    assert known is not None
    assert known.values["label"] == ("a", "b")
    changed = known.changed("accept", {"label": ("c",)}, by="Ada", at=AT)
    assert changed.history[0].after != changed.history[1].before


def test_a_schema_s_own_list_of_values_goes_on_holding() -> None:
    own = 'feature { name: "label" type: BYTES domain: "d" } string_domain { name: "d" value: "a" }'
    schema = text_format.Parse(own, schema_pb2.Schema())
    domains.limit(schema, {"label": ("a", "b"), "format": ("PNG",)})
    assert domains.values_of(schema, "label") == ("a",)
    assert domains.values_of(schema, "format") == ("PNG",)


def test_new_values_are_those_with_images_that_a_listed_feature_lacks() -> None:
    counts = {"label": {"a": 3, "b": 0, "c": 2}, "format": {"GIF": 1}}
    assert domains.new_values({"label": ("a",)}, counts) == {"label": {"c": 2}}
    assert json.dumps(domains.new_values({"label": ("a", "c"), "format": ("GIF",)}, counts)) == "{}"
