"""YAML from an untrusted source: plain values, within bounds, each mistake in one line."""

import time
from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.configuration import loading, safe_yaml
from tests.pipeline.configuration.test_loading import WHOLE, written


def aliases(first: str, each: str, levels: int) -> str:
    """Each level names the one before it, as ``each`` says."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {each.format(f'*a{n - 1}')}" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


BOMBS = {
    "lists": aliases("[x]", "[{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]", 12),
    "merged": aliases("{x: 1}", "{{<<: [{0}, {0}]}}", 40),
    "values": "a: [" + "1," * 150_000 + "]",
    "levels": "a: " + "[" * 300_000,
    "bytes": "# " + "x" * (1 << 20),
    "itself": "a: &a [*a]",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_in_one_line_and_soon(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, BOMBS[kind] + "\n" + WHOLE)
    started = time.monotonic()
    with pytest.raises(
        InputError, match=r"^CONFIG: .*birds\.yaml is not YAML for a config"
    ) as error:
        loading.load(path)
    assert len(str(error.value)) < 500
    assert time.monotonic() - started < 60  # Followed, the first ones have 10^10 values and more.


def test_an_override_may_be_no_bomb_either(tmp_path: Path) -> None:
    bomb = "[" * 1000
    with pytest.raises(InputError, match=r"^--set finetune: .* is not a YAML value"):
        loading.load(written(tmp_path), [f"finetune={bomb}"])


def test_anchors_of_a_common_size_may_be_used(tmp_path: Path) -> None:
    text = "finetune:\n  stages:\n    - &first {name: a, epochs: 2}\n    - {<<: *first, name: b}\n"
    config = loading.load(written(tmp_path, WHOLE + text))
    assert [(stage.name, stage.epochs) for stage in config.finetune.stages] == [("a", 2), ("b", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['true']",
        "a: !!python/name:os.system",
        "a: !!python/object/new:pathlib.Path [x]",
        "a: 2020-99-99",
        "a: " + "1" * 5000,
        "a: *unknown",
        "? {a: b}\n: c",
        "a: \x1b[31m",
        "a: 1\n---\nb: 2",
        "a: b: c",
    ],
)
def test_what_is_no_plain_value_is_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        safe_yaml.parse(text)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match=r"^CONFIG: .* is not YAML for a config"):
        loading.load(written(tmp_path, text))


def test_a_file_that_never_ends_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match=r"it has more than 1 MiB"):
        loading.load(Path("/dev/zero"))


def test_a_long_value_is_shown_in_part(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE + f"finetune: {{optimizer: {'x' * 5000}}}\n")
    with pytest.raises(InputError, match=r"optimizer: got 'x+ \.\.\. .*must be adam") as error:
        loading.load(path)
    assert len(str(error.value)) < 1000


def test_of_many_mistakes_the_first_are_shown(tmp_path: Path) -> None:
    keys = "".join(f"key{n}: 1\n" for n in range(1000))
    with pytest.raises(InputError, match=r"^key0: unknown key.* and 980 more \(in ") as error:
        loading.load(written(tmp_path, WHOLE + keys))
    assert len(str(error.value)) < 5000
