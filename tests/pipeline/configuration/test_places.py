"""A place has one canonical path, and a path that a library would misread is refused."""

from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.configuration import loading

WHOLE = "data: {path: photos}\nbackbone: {handle: module}\n"


def written(path: Path, text: str = WHOLE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_config_has_one_name_however_it_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "project" / "configs" / "birds.yaml")
    (tmp_path / "link").symlink_to(tmp_path / "project")
    (tmp_path / "favourite.yaml").symlink_to(file)
    monkeypatch.chdir(tmp_path / "project" / "configs")
    spellings = [
        Path("birds.yaml"),
        Path("../configs/birds.yaml"),
        tmp_path / "link" / "configs" / "birds.yaml",
        tmp_path / "favourite.yaml",
    ]
    configs = [loading.load(path) for path in spellings]
    assert {(config.file, config.name, config.root, config.data.path) for config in configs} == {
        (file, "birds", tmp_path / "project" / ".thaw" / "birds", str(file.parent / "photos"))
    }


def test_a_root_and_a_serving_folder_have_one_name_however_they_are_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "birds.yaml")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path / "a" / "b")
    for root in ("../../a/x", "../x", str(tmp_path / "link" / "x"), str(tmp_path / "a" / "x")):
        config = loading.load(file, [f"push.serving_dir={root}/../y"], Path(root))
        assert (config.root, config.serving_dir) == (tmp_path / "a" / "x", tmp_path / "a" / "y")


def test_the_default_root_is_beside_the_config_or_beside_its_folder_called_configs(
    tmp_path: Path,
) -> None:
    beside = loading.load(written(tmp_path / "home" / "photos.yaml"))
    assert beside.root == tmp_path / "home" / ".thaw" / "photos"
    above = loading.load(written(tmp_path / "project" / "configs" / "photos.yaml"))
    assert above.root == tmp_path / "project" / ".thaw" / "photos"


@pytest.mark.parametrize(
    ("key", "address", "message"),
    [
        ("root", "gs://bucket/thaw", r"root: got gs://bucket/thaw; .* this machine.*gsutil rsync"),
        ("push.serving_dir", "s3://bucket/x", r"push\.serving_dir: got s3://bucket/x; .*aws s3 sy"),
        ("data.schema", "gs://b/s.pbtxt", r"data\.schema: got gs://b/s\.pbtxt; .*this machine"),
    ],
)
def test_an_address_where_a_folder_of_this_machine_is_needed_is_refused_in_one_line(
    tmp_path: Path, key: str, address: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        loading.load(written(tmp_path / "birds.yaml"), [f"{key}={address}"])
    assert "\n" not in str(error.value)


def test_an_address_for_root_on_the_command_line_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^root: got gs:/bucket; a root is a folder of this"):
        loading.load(written(tmp_path / "birds.yaml"), (), Path("gs://bucket"))
    assert not (tmp_path / "gs:").exists()


@pytest.mark.parametrize("name", ["a[b]", "a*b", "a?b", "a\\b"])
@pytest.mark.parametrize("key", ["root", "push.serving_dir", "backbone.handle"])
def test_a_folder_of_models_or_records_whose_name_is_a_pattern_is_refused(
    tmp_path: Path, key: str, name: str
) -> None:
    with pytest.raises(InputError, match=rf"{key}: .* contains '.*a pattern; rename the"):
        loading.load(written(tmp_path / "birds.yaml"), [f"{key}='{tmp_path}/{name}'"])


def test_a_config_whose_name_is_a_pattern_needs_a_root_that_is_none(tmp_path: Path) -> None:
    file = written(tmp_path / "birds [1].yaml")
    with pytest.raises(InputError, match=r"root, which is named after the config's file: .*'\['"):
        loading.load(file)
    assert loading.load(file, (), tmp_path / "birds").name == "birds [1]"


def test_data_may_lie_in_a_folder_whose_name_is_a_pattern(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path / "birds.yaml"), ["data.path='[a] photos*'"])
    assert config.data.path.endswith("/[a] photos*")


@pytest.mark.parametrize("name", ["birds.yml", "birds", "birds.conf", "birds.yaml"])
def test_a_config_is_known_by_what_it_holds_whatever_its_name(tmp_path: Path, name: str) -> None:
    assert loading.is_config(str(written(tmp_path / name, WHOLE + "# é" * 4000)))


def test_a_folder_an_archive_and_nothing_are_no_config(tmp_path: Path) -> None:
    (tmp_path / "module.tar.gz").write_bytes(b"\x1f\x8b\x08\x00" + bytes(100))
    for target in (tmp_path, tmp_path / "module.tar.gz", tmp_path / "none"):
        assert not loading.is_config(str(target))
    assert not loading.is_config("https://tfhub.dev/google/x/1")
