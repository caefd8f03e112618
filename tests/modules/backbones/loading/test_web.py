"""Where a server may redirect to, and which parts of addresses are never shown."""

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.backbones.loading import web
from modules.backbones.loading.allowed import ENVIRONMENT
from modules.backbones.loading.fetching import fetch
from modules.backbones.loading.fingerprint import folder_fingerprint
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.e2e.web import Server, answering, packed

SECRET = "X-Goog-Signature=0123abcd"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """One that redirects to the other, by a signed address, as tfhub.dev and Kaggle do."""
    answers: dict[str, bytes | str] = {}
    with answering(answers) as first, answering({"/archive": packed(GLYPHS)}) as second:
        answers["/google/m/5"] = f"{second.address}/archive?{SECRET}"
        answers["/google/lost/5"] = f"{second.address}/none?{SECRET}"
        answers["/google/user/5"] = second.address.replace("//", "//me:word@") + "/archive"
        port = second.address.rpartition(":")[2]
        answers["/google/name/5"] = f"http://public.example:{port}/archive?{SECRET}"
        answers["/google/local/5"] = f"http://localhost:{port}/archive?{SECRET}"
        yield first, second


def lead(own: str, to: str, *, own_is_private: bool = False) -> Any:
    follow = web._Redirects(own, own_is_private=own_is_private)
    return follow.redirect_request(urllib.request.Request(own), None, 302, "", {}, to)


def test_an_allowed_handle_may_redirect_to_a_host_that_no_list_names(
    servers: tuple[Server, Server],
) -> None:
    first, _ = servers
    fetched = fetch(f"{first.address}/google/m/5", [f"{first.address}/google"])
    assert fetched.sha256 == folder_fingerprint(str(GLYPHS))


def test_a_signed_address_is_not_shown_when_it_fails(servers: tuple[Server, Server]) -> None:
    first, _ = servers
    with pytest.raises(InputError, match=r"could not load .*google/lost/5\?… \(HTTPError") as error:
        fetch(f"{first.address}/google/lost/5?token=hidden")
    assert "hidden" not in str(error.value)
    assert "0123abcd" not in str(error.value)


def test_a_users_password_is_neither_sent_nor_shown(servers: tuple[Server, Server]) -> None:
    first, _ = servers
    with pytest.raises(InputError, match=r"redirects to http://127.*, which names a user") as error:
        fetch(f"{first.address}/google/user/5")
    assert "word" not in str(error.value)
    with pytest.raises(
        InputError, match=r"http://host/m was given with a user, which is n"
    ) as error:
        fetch("http://me:w@rd@host/m")
    assert "rd" not in str(error.value).replace("word", "")
    with pytest.raises(InputError, match=r"could not load") as error:
        fetch("http://127.0.0.1:9/m?token=two words")
    with pytest.raises(InputError, match=r"\(URLError.*check whether this machine can reach the h"):
        fetch("http://127.0.0.1:9/m")
    assert "two words" not in str(error.value)


def test_https_redirects_only_to_https() -> None:
    own = "https://good.example/a"
    with pytest.raises(
        InputError, match=r"a redirects to http://good\.example/b\?…, which is not h"
    ):
        lead(own, f"http://good.example/b?{SECRET}")
    assert lead(own, "https://other.example/b").full_url == "https://other.example/b"
    assert lead("http://good.example/a", "https://good.example/a").type == "https"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "172.16.0.1", "[::1]",
     "[::ffff:10.0.0.1]", "[fe80::1]", "localhost", "100.64.0.1"],
)  # fmt: skip
def test_no_public_address_redirects_into_this_network(host: str) -> None:
    to = f"https://{host}/latest/meta-data"
    with pytest.raises(InputError, match=r"which is on a private network, where the handle is not"):
        lead("https://good.example/a", to)
    assert lead("https://10.0.0.5/a", to, own_is_private=True) is not None


def test_no_host_name_hides_a_machine_of_this_network(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that was reached is asked, whatever a name stood for when it was looked at."""
    first, second = servers
    monkeypatch.setattr(web, "is_private", lambda host: False)
    look_up = socket.getaddrinfo

    def here(host: Any, *more: Any, **others: Any) -> Any:
        return look_up("127.0.0.1" if host == "public.example" else host, *more, **others)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    for name in ("name", "local"):
        with pytest.raises(InputError, match=r"which is on a private network"):
            fetch(f"{first.address}/google/{name}/5")
    assert second.asked == []


def test_a_machine_is_private_by_its_ip_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert web.is_private("127.0.0.1")
    assert web.is_private("localhost")
    assert not web.is_private("8.8.8.8")

    def unknown(*arguments: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert not web.is_private("known.to.a.proxy")
