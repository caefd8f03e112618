"""No archive writes outside of its folder, and none grows beyond the limits."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from modules.backbones.loading import unpacking
from modules.backbones.loading.unpacking import unpack
from modules.errors import InputError
from tests.conftest import GLYPHS
from tests.e2e.thaw import tree
from tests.e2e.web import packed


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def archive(*members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def unpacked(content: bytes, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    unpack(io.BytesIO(content), str(folder), "the module")


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_unpacking_restores_the_packed_files(tmp_path: Path, mode: str) -> None:
    content = packed(GLYPHS)
    unpacked(content if mode == "w:gz" else gzip.decompress(content), tmp_path / "out")
    assert tree(tmp_path / "out") == tree(GLYPHS)


def test_a_folder_without_a_member_of_its_own_is_created(tmp_path: Path) -> None:
    unpacked(archive(member("./a/b/c", b"1")), tmp_path / "out")
    assert tree(tmp_path / "out") == {"a/b/c": b"1"}


LINK, HARD = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}


@pytest.mark.parametrize(
    "members",
    [
        [member("../evil", b"1")],
        [member("a/../../evil", b"1")],
        [member("./../out-evil/x", b"1")],
        [member("/evil", b"1")],
        [member("//evil", b"1")],
        [member("{outside}/evil", b"1")],
        [member("..")],
        [member("a", **LINK, linkname="{outside}"), member("a/evil", b"1")],
        [member("a", **LINK, linkname=".."), member("a/evil", b"1")],
        [member("a", **LINK, linkname="{outside}/evil"), member("a", b"1")],
        [member("a", **HARD, linkname="{outside}/kept"), member("a", b"1")],
        [member("a", **HARD, linkname="../kept"), member("a", b"1")],
        [member("a", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
        [member("a", type=tarfile.BLKTYPE, devmajor=8)],
        [member("a", type=tarfile.FIFOTYPE)],
        [member("a", type=b"Z")],
    ],
)
def test_no_member_leads_out_of_the_folder(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    (tmp_path / "kept").write_bytes(b"as it was")
    for info, _ in members:
        info.name = info.name.replace("{outside}", str(tmp_path))
        info.linkname = info.linkname.replace("{outside}", str(tmp_path))
    with pytest.raises(InputError, match=r"leads out of its folder|neither a file nor a folder"):
        unpacked(archive(*members), tmp_path / "out")
    assert (tmp_path / "kept").read_bytes() == b"as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "out"]
    assert not list((tmp_path / "out").rglob("*"))


def test_a_file_that_claims_to_be_huge_is_refused_before_it_is_written(tmp_path: Path) -> None:
    info, _ = member("huge", size=1 << 40)
    content = gzip.compress(info.tobuf() + bytes(1024))
    with pytest.raises(InputError, match=r"huge and those before it have more than 16 GiB"):
        unpacked(content, tmp_path / "out")
    assert not (tmp_path / "out" / "huge").exists()


def test_a_sparse_file_is_refused(tmp_path: Path) -> None:
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 33)}
    info, content = member("sparse", b"1\n0\n1\n".ljust(512, b"\0") + b"1".ljust(512, b"\0"))
    info.pax_headers = pax
    with pytest.raises(InputError, match=r"sparse is neither a file nor a folder"):
        unpacked(archive((info, content)), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_bomb_is_stopped_by_its_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_ALWAYS", 1 << 20)
    bomb = archive(member("zeros", bytes(64 << 20)))
    assert len(bomb) < 1 << 17
    with pytest.raises(InputError, match=r"grows to more than 100 times its size"):
        unpacked(bomb, tmp_path / "out")
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) < 32 << 20


def test_a_bomb_within_a_header_is_stopped_before_memory_holds_it(tmp_path: Path) -> None:
    info, content = member("././@LongLink", bytes(8 << 20), type=tarfile.GNUTYPE_LONGNAME)
    bomb = gzip.compress(info.tobuf() + content + bytes(1024))
    with pytest.raises(InputError, match=r"a header of it has more than 1 MiB"):
        unpacked(bomb, tmp_path / "out")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_FILES", 10)
    with pytest.raises(InputError, match=r"it holds more than 10 files"):
        unpacked(archive(*(member(f"{n}") for n in range(11))), tmp_path / "out")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not here</html>" * 100,
        gzip.compress(b"<html>not here</html>" * 100),
        gzip.compress(gzip.compress(archive(member("a", b"1"), mode="w"))),
        archive(member("a", b"1"), mode="w:xz"),
        packed(GLYPHS)[:-2000],
        packed(GLYPHS)[:3000] + b"\0" * 3000,
    ],
    ids=["empty", "page", "packed page", "packed twice", "xz", "cut off", "zeros at its end"],
)
def test_an_incomplete_archive_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"^backbone\.handle: the module gives an archive that"):
        unpacked(content, tmp_path / "out")


def test_a_negative_size_is_refused(tmp_path: Path) -> None:
    header = bytearray(member("a")[0].tobuf())
    header[124:136] = b"\xff" * 11 + b"\x00"  # -256 in base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    with pytest.raises(InputError, match=r"cannot be unpacked"):
        unpacked(gzip.compress(bytes(header) + bytes(1024)), tmp_path / "out")
