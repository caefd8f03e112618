"""Models on Kaggle: by the page's address, and by the short form through ``kagglehub``."""

import importlib
import importlib.util
import json
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from modules.backbones.loading import kaggle
from modules.backbones.loading.allowed import ENVIRONMENT, refusal
from modules.backbones.loading.fetching import fetch
from modules.backbones.loading.fingerprint import folder_fingerprint
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.e2e.kaggle_api import kaggle_api
from tests.e2e.web import Server, answering, packed

SHORT = "google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2"
PAGE = "/models/google/mobilenet-v2/TensorFlow2/100-224-feature-vector/2"
KEY = "not-for-anyone"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def web() -> Iterator[Server]:
    """Answers as tfhub.dev and Kaggle do: from one to the other, and to a signed archive."""
    answers: dict[str, bytes | str] = {"/archive": packed(GLYPHS)}
    with answering(answers) as server:
        answers["/google/imagenet/mobilenet_v2_100_224/feature_vector/5"] = (
            f"{server.address}{PAGE}?tfhub-redirect=true&tf-hub-format=compressed"
        )
        answers[PAGE] = f"{server.address}/archive?X-Goog-Signature=0123"
        yield server


def test_a_page_serves_its_archive_and_so_does_its_address_on_tfhub_dev(web: Server) -> None:
    expected = folder_fingerprint(str(GLYPHS))
    assert fetch(f"{web.address}{PAGE}", [f"{web.address}/models/google"]).sha256 == expected
    hub = f"{web.address}/google/imagenet/mobilenet_v2_100_224/feature_vector/5"
    assert fetch(hub, [f"{web.address}/google"]).sha256 == expected
    assert web.asked[-3:] == [hub.removeprefix(web.address), PAGE, "/archive"]


@pytest.mark.parametrize(
    ("handle", "is_short"),
    [
        (SHORT, True),
        (SHORT.removesuffix("/2"), True),
        (SHORT.replace("tensorFlow2", "TensorFlow2"), True),
        ("keras/vgg/keras/vgg_16", True),
        (f"./{SHORT}", False),
        (f"/{SHORT}", False),
        (f"{SHORT}/more", False),
        ("photos/of/my/garden", False),
        ("google/mobilenet-v2", False),
        (f"https://www.kaggle.com/models/{SHORT}", False),
    ],
)
def test_the_short_form_is_recognised_by_its_framework(handle: str, is_short: bool) -> None:
    assert kaggle.is_short(handle) == is_short


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        ("https://www.kaggle.com/models/google/mobilenet-v2", "is no page of a model's variation"),
        ("https://www.kaggle.com/google", "is no page of a model's variation; name owner, model"),
        ("https://kaggle.com/models/a/b/TfLite/c/1", "is of the framework TfLite, which cannot"),
        ("a/b/keras/c/1", "is of the framework keras, which cannot be fine-tuned here; take a Te"),
        ("https://www.kaggle.com/models/a/b/frameworks/TfJs/variations/c/versions/1", "TfJs"),
    ],
)
def test_an_unsuitable_model_is_refused_without_asking_the_server(handle: str, words: str) -> None:
    assert words in kaggle.problem_of(handle)


@pytest.mark.parametrize(
    "handle",
    [
        f"https://www.kaggle.com{PAGE}",
        "https://www.kaggle.com/models/a/b/frameworks/TensorFlow2/variations/c/versions/1",
        "https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5",
        "/a/folder",
    ],
)
def test_other_handles_pass_the_check_for_kaggle(handle: str) -> None:
    assert kaggle.problem_of(handle) == ""


def test_the_short_form_is_allowed_where_its_page_is() -> None:
    assert refusal(SHORT, ["https://www.kaggle.com/models/google"]) == ""
    assert refusal(SHORT, ["https://www.kaggle.com/models/other"])
    assert refusal(SHORT, ["/google"])


def test_without_kagglehub_the_message_says_how_to_install_it_and_what_works_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"needs kagglehub.*pip install kagglehub, or give"
    ) as error:
        fetch(SHORT)
    assert f"https://www.kaggle.com/models/{SHORT}, which needs no account" in str(error.value)


class KaggleError(Exception):
    """As ``kagglehub`` raises one: with the server's answer, and credentials in its words."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status} for Authorization: Bearer {KEY}")
        self.response = SimpleNamespace(status_code=status)


def stand_in(address: str, folder: Path) -> ModuleType:
    """``kagglehub``, as far as it is used: downloads into its cache, by its key, and says a lot."""
    result = ModuleType("kagglehub")
    result.__spec__ = importlib.util.spec_from_loader("kagglehub", None)

    def model_download(handle: str) -> str:
        print("---Request---", f"Authorization: Bearer {KEY}")
        sys.stderr.write(f"{KEY}\n")
        target = folder / handle
        with urllib.request.urlopen(f"{address}/api/v1/{handle}?files") as answer:
            files = json.loads(answer.read())
        for name in files:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            with urllib.request.urlopen(f"{address}/api/v1/{handle}/{name}?file") as answer:
                (target / name).write_bytes(answer.read())
        return str(target)

    result.model_download = model_download  # type: ignore[attr-defined]
    return result


def test_the_short_form_goes_through_kagglehub_whose_output_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {
        path.relative_to(GLYPHS).as_posix(): path.read_bytes()
        for path in GLYPHS.rglob("*")
        if path.is_file()
    }
    answers: dict[str, bytes | str] = {
        f"/api/v1/{SHORT}/{name}": content for name, content in files.items()
    }
    answers[f"/api/v1/{SHORT}"] = json.dumps(list(files)).encode()
    with answering(answers) as server:
        monkeypatch.setitem(sys.modules, "kagglehub", stand_in(server.address, tmp_path))
        fetched = fetch(SHORT, ["https://www.kaggle.com/models/google"])
    assert fetched.folder == str(tmp_path / SHORT)
    assert fetched.sha256 == folder_fingerprint(str(GLYPHS))
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            KaggleError(403),
            r"Kaggle denies it \(403\); set KAGGLE_API_TOKEN or the like, and accep",
        ),
        (
            KaggleError(404),
            r"Kaggle has no such model \(404\); compare it with the page, https://w",
        ),
        (KaggleError(500), r"KaggleError, status 500; try kagglehub\.model_download\('google/"),
        (ValueError(f"bad header {KEY}"), r"through kagglehub: ValueError; try"),
    ],
)
def test_an_error_of_kagglehub_is_reported_without_its_text(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fails(handle: str) -> Any:
        raise error

    module = stand_in("", Path())
    monkeypatch.setattr(module, "model_download", fails)
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    with pytest.raises(InputError, match=words) as refusal:
        fetch(SHORT)
    assert KEY not in str(refusal.value)
    # Nor does a traceback of it, as a log holds it, lead to the words.
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_the_real_kagglehub_downloads_a_model_and_shows_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Against a server that answers as Kaggle's does, in the mode that prints each request."""
    pytest.importorskip("kagglehub", reason="kagglehub, which is optional, is not installed")
    environment = importlib.import_module("kagglesdk.kaggle_env")
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", KEY)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    with kaggle_api(GLYPHS, KEY) as address:
        endpoints = environment._env_to_endpoint
        monkeypatch.setitem(endpoints, environment.KaggleEnv.TEST, address)
        assert fetch(SHORT).sha256 == folder_fingerprint(str(GLYPHS))
        with pytest.raises(InputError, match=r"Kaggle has no such model \(404\)"):
            fetch(SHORT.replace("mobilenet", "other"))
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err
