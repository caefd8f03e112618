"""What lies at addresses, through Beam's filesystems."""

from pathlib import Path

import pytest

from components.image_example_gen import records
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_all
from modules.errors import InputError
from tests.components.conftest import SHARES, asked, fingerprint_of
from tests.components.elsewhere import address


@pytest.fixture
def root(tmp_path: Path, pictures: list[bytes]) -> Path:
    """Twenty images of two classes, and a manifest of them."""
    rows = ["path,label"]
    for number, content in enumerate(pictures[:20]):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        rows.append(f"{'ab'[number % 2]}/{number}.png,{'ab'[number % 2]}")
    (tmp_path / "photos" / "images.csv").write_text("\n".join(rows))
    return tmp_path / "photos"


def pushed_through(found: list[ImageFile], folder: Path) -> int:
    options = asked("unused")
    report = records.write_chunk(found, {s: str(folder / s) for s in SHARES}, SHARES, options, 0)
    assert not report.bad
    return report.counts.total()


def test_a_folder_is_listed_and_read(root: Path, tmp_path: Path) -> None:
    files = list_all(asked(address(root)))
    local = list_all(asked(root))
    assert [(file.name, file.label, file.size) for file in files] == [
        (file.name, file.label, file.size) for file in local
    ]
    assert fingerprint_of(files) == fingerprint_of(local)
    assert pushed_through(files, tmp_path / "out") == 20


def test_a_folder_whose_name_is_a_pattern_is_listed_at_an_address_too(root: Path) -> None:
    odd = root.rename(root.with_name("photos [1]*"))
    assert len(list_all(asked(address(odd)))) == 20


def test_a_manifest_is_read_and_its_paths_start_beside_it(root: Path, tmp_path: Path) -> None:
    files = list_all(asked(address(root / "images.csv")))
    assert files[0].path == address(root / "a" / "0.png")
    assert pushed_through(files, tmp_path / "out") == 20


def test_a_local_manifest_may_name_addresses(root: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "other" / "images.csv"
    manifest.parent.mkdir()
    rows = [f"{address(root)}/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}" for n in range(20)]
    manifest.write_text("path,label\n" + "\n".join(rows))
    assert pushed_through(list_all(asked(manifest)), tmp_path / "out") == 20


def test_what_is_not_there_or_has_no_client_is_refused(root: Path) -> None:
    with pytest.raises(InputError, match="holds no file; check the address"):
        list_all(asked(address(root / "none")))
    with pytest.raises(InputError, match=r"nosuch://bucket/x cannot be listed .*check the address"):
        list_all(asked("nosuch://bucket/x"))


def test_a_manifest_of_which_no_file_is_there_is_refused_before_any_is_read(
    root: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "images.csv"
    rows = "".join(f"{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}\n" for n in range(20))
    manifest.write_text("path,label\n" + rows)
    elsewhere = address(root.with_name("none"))
    message = r"none of the first 8 of its files is there, such as \S+/none/a/0\.png; set data\.im"
    with pytest.raises(InputError, match=message):
        list_all(asked(manifest, image_root=elsewhere))
    assert len(list_all(asked(manifest, image_root=address(root)))) == 20
