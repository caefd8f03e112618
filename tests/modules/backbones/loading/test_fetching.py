"""Only allowed modules are loaded, only pinned files, and only from harmless archives."""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_hub as hub

from modules.backbones import backbone
from modules.backbones.loading import fetching
from modules.backbones.loading.allowed import ENVIRONMENT
from modules.backbones.loading.fetching import fetch
from modules.backbones.loading.fingerprint import folder_fingerprint
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.e2e.web import Server, answering, packed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[Server]:
    """A module, an address that leads to it, and one that leads elsewhere."""
    answers: dict[str, bytes | str] = {"/good/module": packed(GLYPHS)}
    with answering(answers) as server, answering({"/module": packed(GLYPHS)}) as other:
        answers["/good/moved"] = f"{server.address}/good/module?from=moved"
        answers["/good/elsewhere"] = f"{other.address}/module?from=elsewhere"
        answers["/good/file"] = f"file://{GLYPHS}"
        yield server


def copied(folder: Path) -> str:
    return str(shutil.copytree(GLYPHS, folder))


def no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test fail where a graph is read."""

    def load(folder: str) -> None:
        raise AssertionError(f"{folder} was loaded")

    monkeypatch.setattr(hub, "load", load)
    monkeypatch.setattr(tf.saved_model, "load", load)


def test_a_folder_and_its_archive_have_one_fingerprint(server: Server) -> None:
    fetched = fetch(f"{server.address}/good/module")
    assert fetched.sha256 == fetch(str(GLYPHS)).sha256 == folder_fingerprint(str(GLYPHS))


def test_a_loaded_backbone_says_what_to_pin() -> None:
    loaded = backbone.load(str(GLYPHS))
    assert backbone.load(str(GLYPHS), sha256=loaded.sha256).sha256 == loaded.sha256


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index", "more"])
def test_a_module_that_differs_from_the_pinned_one_is_refused_before_its_graph_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    handle = copied(tmp_path / "module")
    pinned = fetch(handle).sha256
    with open(f"{handle}/{name}", "ab") as file:
        file.write(b"1")
    no_graph(monkeypatch)
    with pytest.raises(
        InputError, match=rf"^backbone\.sha256: .*module has [0-9a-f]{{64}}, and must have {pinned}"
    ):
        backbone.load(handle, sha256=pinned)


def test_an_address_that_gives_another_module_is_refused_after_its_download(
    server: Server, cache: Path
) -> None:
    with pytest.raises(InputError, match=rf"must have {'0' * 64}.* remove {cache}/[0-9a-f]+ to"):
        backbone.load(f"{server.address}/good/module", sha256="0" * 64)


def test_a_module_that_is_not_allowed_is_not_downloaded(
    server: Server, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    handle = f"{server.address}/good/module"
    with pytest.raises(InputError, match=r"^backbone\.handle: got .* but backbone\.allowed allows"):
        fetch(handle, [f"{server.address}/better"])
    monkeypatch.setenv(ENVIRONMENT, "https://tfhub.dev")
    with pytest.raises(InputError, match=rf"but {ENVIRONMENT} allows only what lies under https"):
        fetch(handle, [f"{server.address}/good"])
    assert server.asked == []
    assert not cache.exists()


def test_a_local_module_that_is_not_allowed_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_graph(monkeypatch)
    (tmp_path / "link").symlink_to(GLYPHS)
    with pytest.raises(InputError, match=r"backbone\.allowed allows only what lies under"):
        backbone.load(str(tmp_path / "link"), [str(tmp_path)])


def test_a_list_applies_to_the_handle_and_not_to_redirects(server: Server) -> None:
    for name in ("moved", "elsewhere"):
        fetched = fetch(f"{server.address}/good/{name}", [f"{server.address}/good"])
        assert fetched.sha256 == folder_fingerprint(str(GLYPHS))


def test_a_server_may_not_redirect_to_a_file(server: Server) -> None:
    with pytest.raises(InputError, match=r"could not load .*good/file"):
        fetch(f"{server.address}/good/file")


def malicious() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.add(GLYPHS, arcname=".")
        info = tarfile.TarInfo("../../evil")
        info.size = 1
        tar.addfile(info, io.BytesIO(b"1"))
    return stream.getvalue()


def test_an_archive_with_a_trick_leaves_nothing_behind(cache: Path) -> None:
    with (
        answering({"/module": malicious()}) as server,
        pytest.raises(InputError, match=r"module gives an archive .*evil leads out of its folder"),
    ):
        backbone.load(f"{server.address}/module")
    assert not (cache.parent / "evil").exists()
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_an_archive_in_a_bucket_goes_through_the_same_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "module.tar.gz").write_bytes(malicious())
    opened = tf.io.gfile.GFile

    def here(path: str, mode: str = "r") -> object:
        return opened(path.replace("gs://bucket", str(tmp_path)), mode)

    monkeypatch.setattr(tf.io.gfile, "GFile", here)
    with pytest.raises(InputError, match=r"evil leads out of its folder"):
        fetch("gs://bucket/module.tar.gz")
    (tmp_path / "module.tar.gz").write_bytes(packed(GLYPHS))
    assert fetch("gs://bucket/module.tar.gz").sha256 == folder_fingerprint(str(GLYPHS))


def test_the_default_cache_is_not_one_that_others_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    own = Path(fetching._cache_folder())
    assert own == tmp_path / "tfhub_modules"
    assert own.stat().st_mode & 0o077 == 0
    own.chmod(0o777)
    with pytest.raises(InputError, match=r"^TFHUB_CACHE_DIR: it is not set, and .* set it to"):
        fetching._cache_folder()
    own.rmdir()
    own.symlink_to(tmp_path)
    with pytest.raises(InputError, match=r"another user or can be written by all"):
        fetching._cache_folder()
    own.unlink()
    own.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
    with pytest.raises(InputError, match=r"another user or can be written by all"):
        fetching._cache_folder()


def test_a_fingerprint_sees_every_file_and_follows_links(tmp_path: Path) -> None:
    module, weights = tmp_path / "module", tmp_path / "weights"
    for folder in (module, weights):
        folder.mkdir()
    (module / "variables").symlink_to(weights)
    (weights / "data").write_bytes(b"1")
    before = folder_fingerprint(str(module))
    (weights / "data").write_bytes(b"2")
    assert folder_fingerprint(str(module)) != before


def test_one_file_cannot_have_the_fingerprint_of_two(tmp_path: Path) -> None:
    two, one = tmp_path / "two", tmp_path / "one"
    for folder in (two, one):
        folder.mkdir()
    (two / "a").write_bytes(b"1")
    (two / "b").write_bytes(b"2")
    of_a = hashlib.sha256(b"1").hexdigest()
    (one / f"a:{of_a}\nb").write_bytes(b"2")
    assert folder_fingerprint(str(one)) != folder_fingerprint(str(two))


def test_a_folder_at_an_address_has_the_fingerprint_of_its_files() -> None:
    for path in GLYPHS.rglob("*"):
        if path.is_file():
            place = f"ram://glyphs/{path.relative_to(GLYPHS)}"
            tf.io.gfile.makedirs(place.rpartition("/")[0])
            with tf.io.gfile.GFile(place, "wb") as file:
                file.write(path.read_bytes())
    assert folder_fingerprint("ram://glyphs") == folder_fingerprint(str(GLYPHS))


def test_only_regular_files_have_a_fingerprint(tmp_path: Path) -> None:
    handle = copied(tmp_path / "module")
    os.mkfifo(tmp_path / "module" / "pipe")
    with pytest.raises(InputError, match=r"pipe is not a regular file"):
        fetch(handle)
