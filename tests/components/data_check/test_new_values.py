"""A new class or format, from TFDV's own anomalies to the command that accepts it."""

import os
import shlex
import subprocess
from typing import Any

import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.data_check import new_values
from components.data_check.new_values import Accepted
from components.records import domains
from components.records.data import DataRecord
from modules.errors import InputError

ODD = ("a, b (<1%)", "it's", 'say "x"', "k=v", "-dash", "ünï", "$HOME", "~", "\u202eright", "b\\n")


def accepted(*labels: str) -> Accepted:
    return Accepted({"label": labels, "format": ("PNG",)}, "/my configs/c.yaml")


def statistics(**counts: dict[str, int]) -> Any:
    """A split's statistics, as StatisticsGen has them, of some features of eleven images."""
    result = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = result.datasets.add(num_examples=11)
    for name, by_value in counts.items():
        feature = dataset.features.add(type=statistics_pb2.FeatureNameStatistics.STRING)
        feature.path.step.append(name)
        strings = feature.string_stats
        strings.unique = len(by_value)
        common = strings.common_stats
        common.num_non_missing = common.tot_num_values = 11
        common.min_num_values = common.max_num_values = 1
        for value, n in by_value.items():
            strings.rank_histogram.buckets.add(label=value, sample_count=n)
    return result


def report(number: int = 5, **labels: int) -> DataRecord:
    images = {"train": labels, "test": {"cat": 2}, "golden": {"yak": 1}}
    return DataRecord(images=images, formats={"PNG": 9}, span=number)


def refusal(accepted: Accepted, data: DataRecord) -> str:
    with pytest.raises(InputError) as error:
        new_values.refuse(accepted, data, [data])
    return str(error.value)


def test_what_tfdv_finds_is_told_with_the_counts_and_the_command() -> None:
    seen = statistics(label={"cat": 8, "new, one": 3}, format={"PNG": 10, "GIF": 1})
    schema = schema_pb2.Schema()
    domains.limit(schema, {"label": ("cat", "dog"), "format": ("PNG",)})
    found: Any = tfdv.validate_statistics(seen, schema)
    assert {name: info.short_description for name, info in found.anomaly_info.items()} == {
        "label": "Unexpected string values",
        "format": "Unexpected string values",
    }
    counted = DataRecord(
        images={"train": {"cat": 8, "new, one": 2}, "test": {"new, one": 1}},
        formats={"PNG": 10, "GIF": 1},
    )
    assert refusal(accepted("cat", "dog"), counted) == (
        "data: new: class 'new, one' (3 images) and format 'GIF' (1 image); correct the images, "
        "or, if this is right, accept it and run again: thaw schema accept '/my configs/c.yaml' "
        "'label=new, one' format=GIF --by NAME"
    )


def test_known_values_pass() -> None:
    data = report(cat=3, dog=0)
    new_values.refuse(accepted("cat"), data, [data])


def test_a_new_class_beyond_the_thousandth_is_seen() -> None:
    known = [f"c{n:04d}" for n in range(1200)]
    counts = {**dict.fromkeys(known, 5), "rare": 1}
    assert "class 'rare' (1 image);" in refusal(accepted("cat", *known), report(**counts))


def test_a_class_that_looks_like_a_known_one_is_told_with_it() -> None:
    assert "'Cats' (3 images, like 'cat')" in refusal(accepted("cat"), report(Cats=3))


def test_of_a_window_the_spans_are_named_and_images_that_are_not_used_do_not_count() -> None:
    used = report(dog=3, emu=0)
    spans = [report(1, dog=2), report(2, cat=3), report(3, dog=1, emu=1)]
    with pytest.raises(InputError, match=r"^data: new in spans 1, 3: class 'dog' \(3 images\); "):
        new_values.refuse(accepted("cat"), used, spans)
    new_values.refuse(accepted("cat", "dog"), used, spans)


def test_the_command_takes_all_values_however_many_the_line_shows() -> None:
    counts = {f"{n:02d}": 1 for n in range(12)}
    line = refusal(Accepted({"label": ("cat",)}, "c.yaml", "/a root"), report(**counts))
    assert "'09' (1 image) and 2 more; correct" in line
    words = shlex.split(line.partition("run again: ")[2])
    assert words[:3] == ["thaw", "schema", "accept"]
    assert words[4:16] == [f"label={value}" for value in counts]
    assert words[16:] == ["--root", "/a root", "--by", "NAME"]


@pytest.mark.parametrize("label", [*ODD, "http://me:pw@host/a?token=1"])
def test_a_shell_gives_the_command_the_very_label_whatever_is_in_it(label: str) -> None:
    line = refusal(accepted("cat"), report(**{label: 1}))
    command = line.partition("run again: thaw schema accept ")[2]
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {command}"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": os.defpath},
    )
    assert done.stdout.decode().split("\0")[1] == f"label={label}"
