"""What is read again, and what is taken from the run before."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from components.image_example_gen import digests, listing_file
from components.image_example_gen.digests import Digested
from components.image_example_gen.listing_file import DigestedListing
from tests.components.conftest import asked

_WEEK = 7 * 24 * 3600 * 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of two files each, which are no images: nothing here decodes."""
    for number, name in enumerate(("a/0", "a/1", "b/0", "b/1")):
        path = tmp_path / "data" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 100)
    return tmp_path / "data"


@pytest.fixture
def read_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of all files whose content is read, as names in their class's folder."""
    paths: list[str] = []

    def read(path: str) -> bytes:
        paths.append("/".join(path.split("/")[-2:]))
        return Path(path).read_bytes()

    monkeypatch.setattr(digests, "read_file", read)
    return paths


def later(monkeypatch: pytest.MonkeyPatch, nanoseconds: int = _WEEK) -> None:
    """Lets all that is done from now on be done so much later."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + nanoseconds)


def digests_of(images: Sequence[Digested]) -> dict[str, str]:
    return {image.file.name: image.file.digest for image in images}


def taken(folder: Path, known: DigestedListing | None = None) -> DigestedListing:
    return listing_file.take(asked(folder), known)


def test_what_has_not_changed_is_not_read_again(
    folder: Path, read_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    first = taken(folder)
    assert sorted(read_paths) == ["a/0.png", "a/1.png", "b/0.png", "b/1.png"]
    read_paths.clear()
    assert taken(folder, first) == first
    assert read_paths == []


def written_to(path: Path) -> None:
    path.write_bytes(b"y" * 100)


def written_to_with_its_old_date(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"y" * 100)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_by_a_copy_with_its_date(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"y" * 100)
    shutil.copystat(path, other)
    other.rename(path)


def led_elsewhere(path: Path) -> None:
    other = path.parent.parent.with_name("elsewhere")
    other.write_bytes(b"y" * 100)
    shutil.copystat(path, other)
    path.unlink()
    path.symlink_to(other)


@pytest.mark.parametrize(
    "change",
    [
        written_to,
        written_to_with_its_old_date,
        replaced_by_a_copy_with_its_date,
        led_elsewhere,
    ],
)
def test_a_file_that_has_changed_is_read_again_whatever_its_size_and_date(
    folder: Path,
    read_paths: list[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
) -> None:
    later(monkeypatch)
    first = taken(folder)
    read_paths.clear()
    change(folder / "a" / "0.png")
    second = taken(folder, first)
    assert read_paths == ["a/0.png"]
    assert second.fingerprint != first.fingerprint
    assert second.fingerprint == taken(folder).fingerprint


def test_a_file_that_was_young_when_it_was_read_is_read_again_by_the_next_run(
    folder: Path, read_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next version may bear the same times, since the file system's clock has ticks."""
    first = taken(folder)  # Written just now.
    later(monkeypatch)
    read_paths.clear()
    second = taken(folder, first)
    assert len(read_paths) == 4
    read_paths.clear()
    taken(folder, second)
    assert read_paths == []


def test_a_file_dated_in_the_future_is_never_trusted(
    folder: Path, read_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    ahead = (time.time_ns() + 2 * _WEEK,) * 2
    os.utime(folder / "a" / "0.png", ns=ahead)
    first = taken(folder)
    read_paths.clear()
    taken(folder, first)
    assert read_paths == ["a/0.png"]


def test_new_and_missing_files_are_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    first = taken(folder)
    (folder / "a" / "1.png").unlink()
    second = taken(folder, first)
    assert [*digests_of(second.images)] == ["a/0.png", "b/0.png", "b/1.png"]
    (folder / "b" / "2.png").write_bytes(b"new")
    third = taken(folder, second)
    assert [*digests_of(third.images)] == ["a/0.png", "b/0.png", "b/1.png", "b/2.png"]
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3


def test_a_renamed_class_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    first = taken(folder)
    (folder / "b").rename(folder / "c")
    assert taken(folder, first).fingerprint != first.fingerprint


def test_an_unreadable_file_is_tried_again(
    folder: Path, read_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later(monkeypatch)
    broken = folder / "a" / "0.png"
    broken.unlink()
    broken.symlink_to("nowhere")
    first = taken(folder)
    assert first.files[0].problem == "unreadable: No such file or directory"
    broken.unlink()
    broken.write_bytes(b"here again")
    assert taken(folder, first).files[0].digest


def test_the_listing_comes_out_of_its_file_as_it_went_in(tmp_path: Path, folder: Path) -> None:
    (folder / "b" / os.fsdecode(b"\xff.png")).write_bytes(b"odd name")
    (folder / "b" / "dangling.png").symlink_to("nowhere")
    (folder / "b" / "Thumbs.db").write_bytes(b"")
    listing = taken(folder)
    listing_file.write(tmp_path / "listing", listing)
    assert listing_file.read(tmp_path / "listing") == listing
    assert listing.left_out == ["1 file or folder of other programs ('Thumbs.db')"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no JSON", b"half", b"a line less", b"[]\n[]", b"{}\n3", b"\xff"],
)
def test_a_damaged_file_is_as_good_as_none(
    tmp_path: Path, folder: Path, content: bytes | None
) -> None:
    path = tmp_path / "listing"
    if content == b"half":
        listing_file.write(path, taken(folder))
        content = path.read_bytes()[:-40]
    if content == b"a line less":
        listing_file.write(path, taken(folder))
        content = path.read_bytes().rpartition(b"\n")[0]
    if content is not None:
        path.write_bytes(content)
    assert listing_file.read(path) is None
