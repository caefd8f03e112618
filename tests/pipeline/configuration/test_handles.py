"""Handles in a config and at the command line: names, paths, what is wrong at once."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modules.backbones.loading.named import NAMED
from modules.errors import InputError
from pipeline.cli.app import app
from pipeline.configuration import handles, loading
from pipeline.configuration.config import Config
from tests.conftest import PROJECT

MOBILENET = "https://tfhub.dev/google/imagenet/mobilenet_v2_100_224/feature_vector/5"
PAGE = "https://www.kaggle.com/models/google/mobilenet-v2/TensorFlow2/100-224-feature-vector/2"


def loaded(folder: Path, backbone: str, *overrides: str) -> Config:
    file = folder / "birds.yaml"
    file.write_text(f"data: {{path: photos}}\nbackbone: {backbone}\n")
    return loading.load(file, overrides)


def test_a_name_stands_for_an_address_and_a_range(tmp_path: Path) -> None:
    options = loaded(tmp_path, "{handle: mobilenet_v2}").backbone
    assert options.handle == MOBILENET
    assert options.input_range == (0.0, 1.0)
    options = loaded(tmp_path, "{handle: ./module}", "backbone.handle=resnet_v2_50").backbone
    assert options.handle == NAMED["resnet_v2_50"].handle


def test_a_range_that_is_set_wins_over_that_of_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = loaded(tmp_path, "{handle: mobilenet_v2, input_range: [-1, 1]}").backbone
    assert options.input_range == (-1.0, 1.0)
    backbone = {"handle": "mobilenet_v2"}
    handles.fill(backbone)
    assert backbone == {"handle": MOBILENET, "input_range": [0.0, 1.0]}


def test_a_folder_of_a_names_name_needs_a_dot(tmp_path: Path) -> None:
    (tmp_path / "mobilenet_v2").mkdir()
    assert loaded(tmp_path, "{handle: mobilenet_v2}").backbone.handle == MOBILENET
    own = loaded(tmp_path, "{handle: ./mobilenet_v2}").backbone.handle
    assert own == str(tmp_path / "mobilenet_v2")


def test_kaggles_short_form_is_no_path(tmp_path: Path) -> None:
    short = "google/mobilenet-v2/tensorFlow2/100-224-feature-vector/2"
    assert loaded(tmp_path, f"{{handle: {short}}}").backbone.handle == short
    assert loaded(tmp_path, f"{{handle: ./{short}}}").backbone.handle == str(tmp_path / short)


def test_a_list_judges_the_address_that_a_name_stands_for() -> None:
    handles.check(MOBILENET, ["https://tfhub.dev/google"])
    with pytest.raises(InputError, match=r"backbone\.allowed allows only what lies under https"):
        handles.check(MOBILENET, ["https://www.kaggle.com/models/google"])


def test_the_readmes_config_and_the_security_pages_example_may_be_loaded(tmp_path: Path) -> None:
    def example(page: str, first_line: str) -> str:
        text = (PROJECT / page).read_text(encoding="utf-8")
        return text[text.index(f"```yaml\n{first_line}") :].split("```")[1].removeprefix("yaml\n")

    file = tmp_path / "photos.yaml"
    file.write_text(example("README.md", "# configs/photos.yaml"))
    readme = loading.load(file).backbone
    assert readme.handle == MOBILENET
    page = example("docs/security.md", "backbone:").replace("0f5f…", "0f" * 32)
    file.write_text(f"data: {{path: photos}}\n{page}")
    secure = loading.load(file).backbone
    assert secure.allowed
    for handle in (readme.handle, secure.handle, PAGE):
        handles.check(handle, secure.allowed)


def test_for_a_mistyped_name_the_message_names_a_similar_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist.*did you mean the backbone mobilenet_v2"):
        handles.check(str(tmp_path / "mobilnet_v2"))


@pytest.mark.parametrize(
    "command", [["run"], ["inspect"], ["lr-find"]], ids=lambda command: str(command[0])
)
@pytest.mark.parametrize(
    ("handle", "words"),
    [
        ("nowhere", "nowhere does not exist"),
        ("empty", "is an empty folder"),
        ("https://www.kaggle.com/models/google/mobilenet-v2", "is no page of a model's variation"),
        ("https://me:word@host/m?token=hidden", "got https://host/m?…, but backbone.allowed allow"),
    ],
)
def test_each_command_tells_a_wrong_handle_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], handle: str, words: str
) -> None:
    """Before any command lists data, writes files or imports TensorFlow."""
    (tmp_path / "empty").mkdir()
    allowed = ", allowed: [.]" if handle.startswith("https://me") else ""
    (tmp_path / "birds.yaml").write_text(
        f"data: {{path: photos}}\nbackbone: {{handle: '{handle}'{allowed}}}\nroot: root\n"
    )
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_hub", None)
    result = CliRunner().invoke(app, [*command, str(tmp_path / "birds.yaml")])
    assert isinstance(result.exception, InputError)
    message = str(result.exception)
    assert message.startswith("backbone.handle: ")
    assert words in message
    assert "word" not in message
    assert "hidden" not in message
    assert not (tmp_path / "root").exists()


def test_thaw_backbones_shows_the_table() -> None:
    shown = CliRunner().invoke(app, ["backbones"])
    assert shown.exit_code == 0
    for name, backbone in NAMED.items():
        assert f"{name}: {backbone.handle}" in shown.output.splitlines()
    assert "mobilenet_v2        224 x 224  0 to 1   1280" in shown.output
    as_json = CliRunner().invoke(app, ["backbones", "--json"])
    table = json.loads(as_json.output)
    assert list(table) == list(NAMED)
    assert table["mobilenet_v2"] == {
        "handle": MOBILENET, "input_range": [0.0, 1.0], "image_size": 224, "output_dim": 1280,
        "parameters": 2_257_984, "megabytes": 9.0, "use": "to start with",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_each_named_backbone_has_a_handle_that_can_be_one(name: str) -> None:
    handles.check(NAMED[name].handle, ["https://tfhub.dev/google"])
