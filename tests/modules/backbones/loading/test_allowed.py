"""The lists of handles that may be loaded, and handles that only look like allowed ones."""

import os
from pathlib import Path

import pytest

from modules.backbones.loading.allowed import ENVIRONMENT, problem_of_prefix, refusal
from modules.errors import InputError

GOOD = "https://good.example/google"


@pytest.fixture(autouse=True)
def no_list_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


def test_without_a_list_anything_may_be_loaded() -> None:
    assert refusal("http://user@anywhere.example/../x") == ""


@pytest.mark.parametrize(
    "handle",
    [
        GOOD,
        f"{GOOD}/",
        f"{GOOD}/mobilenet/5",
        f"{GOOD}/mobilenet/5?version=2#x",
        "https://good.example:443/google/a",
        "HTTPS://Good.Example/google/a",
    ],
)
@pytest.mark.parametrize("prefix", [GOOD, f"{GOOD}/", "https://GOOD.example:443/google"])
def test_a_handle_under_a_prefix_is_allowed(handle: str, prefix: str) -> None:
    assert refusal(handle, [prefix]) == ""


@pytest.mark.parametrize(
    "handle",
    [
        "https://good.example.evil.com/google/a",
        "https://good.example@evil.com/google/a",
        "https://good.example:pass@evil.com/google/a",
        "https://user@good.example/google/a",
        "https://evil.com/https://good.example/google/a",
        "https://evil.com/?https://good.example/google/a",
        "https://evil.com\\@good.example/google/a",
        "https://good.example\\.evil.com/google/a",
        "https://good.example\t.evil.com/google/a",
        "https://good.example/google\n/a",
        "https://good.example./google/a",
        "https://sub.good.example/google/a",
        "http://good.example/google/a",
        "ftp://good.example/google/a",
        "https://good.example:8443/google/a",
        "https://good.example:x/google/a",
        "https://good.example/googleevil/a",
        "https://good.example/Google/a",
        "https://good.example/google/../evil/a",
        "https://good.example/google/%2e%2e/evil/a",
        "https://good.example/google/.%2E/evil/a",
        "https://good.example/google/%252e%252e/evil/a",
        "https://good.example/google/..%2fevil/a",
        "https://good.example/google/..%5cevil/a",
        "https://good.example/./google/a",
        "https://good.example//google/a",
        "https://good.example/%67oogle/a",
        "https://good.example/google%2fa",
        "https://good.example",
        "//good.example/google/a",
        "good.example/google/a",
        "https:/good.example/google/a",
        "https:///good.example/google/a",
        "https://g\u043e\u043ed.example/google/a",
        "https://good\u3002example/google/a",
        "",
    ],
)
def test_a_handle_that_only_looks_like_it_is_under_a_prefix_is_refused(handle: str) -> None:
    assert "backbone.allowed allows" in refusal(handle, [GOOD])


def test_a_bucket_is_no_prefix_of_another() -> None:
    assert refusal("gs://models/a", ["gs://models"]) == ""
    assert refusal("gs://models-evil/a", ["gs://models"])


def test_links_are_followed_before_a_local_path_is_compared(tmp_path: Path) -> None:
    good, evil = tmp_path / "good", tmp_path / "good-evil"
    for folder in (good, evil):
        (folder / "module").mkdir(parents=True)
    (good / "out").symlink_to(evil)
    (tmp_path / "other-name").symlink_to(good)
    listed = [str(good)]
    assert refusal(str(good / "module"), listed) == ""
    assert refusal(f"file://{good}/module", listed) == ""
    assert refusal(str(tmp_path / "other-name" / "module"), listed) == ""
    assert refusal(os.path.relpath(good / "module"), listed) == ""
    for handle in (
        str(evil / "module"),
        str(good / "out" / "module"),
        f"{good}/../good-evil/module",
        f"{good}/out/../good-evil/module",
        f"file://{good}/out/module",
        f"file://host{good}/module",
        f"https://{good}/module",
    ):
        assert refusal(handle, listed), handle


def test_a_local_handle_is_not_under_an_address(tmp_path: Path) -> None:
    assert refusal(str(tmp_path), [GOOD])


def test_both_lists_must_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, " https://good.example/google , gs://models,")
    assert refusal(f"{GOOD}/a") == ""
    assert refusal(f"{GOOD}/a", ["https://good.example/google/a"]) == ""
    assert f"{ENVIRONMENT} allows only" in refusal("https://evil.com", ["https://evil.com"])
    assert "backbone.allowed allows only" in refusal(f"{GOOD}/a", ["https://evil.com"])


@pytest.mark.parametrize("named", ["", " , ", "good.example", "https://", "models/here"])
def test_a_list_without_a_valid_prefix_allows_nothing(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv(ENVIRONMENT, named)
    with pytest.raises(InputError, match=rf"^{ENVIRONMENT}: got .*; "):
        refusal(f"{GOOD}/a")


@pytest.mark.parametrize(
    ("prefix", "reason"),
    [
        ("good.example", "the path is relative"),
        ("../modules", "the path is relative"),
        ("https://", "it has no host"),
        ("gs:///a", "it has no host"),
        ("https://good.example/a?b", "a query or a fragment"),
        ("https://user@good.example", "it names a user"),
        ("https://good.example/a/../b", "a part of dots"),
        ("https://good.example/a b", "a blank"),
    ],
)
def test_a_prefix_that_could_mislead_is_refused(prefix: str, reason: str) -> None:
    assert reason in problem_of_prefix(prefix)
