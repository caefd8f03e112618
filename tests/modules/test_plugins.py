"""A user's own code is found beside the config or installed, and what is wrong is one line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules import plugins
from modules.errors import InputError
from tests.conftest import PROJECT

KEY = "finetune.head"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that plug-ins are searched in; afterwards they are forgotten."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("THAW_PLUGINS", "")
    plugins.search_in(tmp_path)
    yield tmp_path
    plugins.search_in(tmp_path)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def refusal(reference: str) -> str:
    with pytest.raises(InputError) as error:
        plugins.load(reference, KEY)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_plugin_is_found_in_the_folder_of_the_config(folder: Path) -> None:
    write(folder, "thaw_own/__init__.py", "")
    write(folder, "thaw_own/heads.py", "def small(features): return features + 1\n")
    assert plugins.load("thaw_own.heads:small", KEY)(1) == 2


def test_a_plugin_of_an_installed_package_is_found_before_one_in_the_folder(folder: Path) -> None:
    write(folder, "json.py", "def dumps(value): return 'the wrong one'\n")
    assert plugins.load("json:dumps", KEY)(1) == "1"


def test_an_edited_plugin_is_imported_anew_when_the_config_is_loaded_again(folder: Path) -> None:
    write(folder, "thaw_edited.py", "from thaw_helper import value\n")
    write(folder, "thaw_helper.py", "value = 1\n")
    assert plugins.load("thaw_edited:value", KEY) == 1
    write(folder, "thaw_helper.py", "value = 1 + 1\n")
    plugins.search_in(folder, anew=False)
    assert plugins.load("thaw_edited:value", KEY) == 1
    plugins.search_in(folder)
    assert plugins.load("thaw_edited:value", KEY) == 2


def test_an_edit_is_seen_that_keeps_a_files_size_and_date(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for value in (1, 2):
        plugins.search_in(folder)
        write(folder, "thaw_quick.py", f"value = {value}\n")
        os.utime(folder / "thaw_quick.py", (1e9, 1e9))
        assert plugins.load("thaw_quick:value", KEY) == value


def test_the_plugins_of_another_config_are_found_in_its_own_folder(folder: Path) -> None:
    write(folder, "first/thaw_same.py", "value = 1\n")
    write(folder, "second/thaw_same.py", "value = 2\n")
    for name, value in (("first", 1), ("second", 2)):
        plugins.search_in(folder / name)
        assert plugins.load("thaw_same:value", KEY) == value


def test_a_child_process_finds_the_same_plugins(folder: Path) -> None:
    write(folder, "thaw_child.py", "value = 'found'\n")
    code = "from modules import plugins; print(plugins.load('thaw_child:value', 'k'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env=dict(os.environ),
    )
    assert done.stdout == "found\n"


def test_a_module_that_is_nowhere_is_refused_before_anything_is_imported(folder: Path) -> None:
    with pytest.raises(InputError) as error:
        plugins.check_is_there("thaw_nowhere.heads:small", KEY)
    assert str(error.value) == (
        "finetune.head: got 'thaw_nowhere.heads:small', but there is no module 'thaw_nowhere' "
        f"among the installed packages, nor in {folder}; correct the name, install the package, "
        "or put the file beside the config"
    )


def test_a_name_that_the_module_lacks_is_refused_with_those_that_it_has(folder: Path) -> None:
    write(folder, "thaw_names.py", "import os\ndef cosine(): ...\nclass Wide: ...\n")
    assert refusal("thaw_names:cosin") == (
        f"finetune.head: thaw_names ({folder / 'thaw_names.py'}) has no 'cosin'; it has 'Wide' and "
        "'cosine': correct the name in 'thaw_names:cosin'"
    )


def test_an_import_that_fails_is_refused_with_its_line(folder: Path) -> None:
    write(folder, "thaw_broken.py", "value = 1\nvalue /= 0\n")
    assert refusal("thaw_broken:value") == (
        "finetune.head: importing thaw_broken failed: ZeroDivisionError: division by zero "
        f"({folder / 'thaw_broken.py'}, line 2); correct it"
    )
    write(folder, "thaw_syntax.py", "value = (\n")
    assert f"({folder / 'thaw_syntax.py'}, line 1); correct it" in refusal("thaw_syntax:value")
    write(folder, "thaw_exits.py", "raise SystemExit(3)\n")
    assert "SystemExit: 3" in refusal("thaw_exits:value")


def test_a_file_that_a_package_hides_is_to_be_renamed(folder: Path) -> None:
    write(folder, "modules.py", "def cosine(): ...\n")
    assert refusal("modules:cosine").endswith(
        f": rename {folder / 'modules.py'}, which the package of that name hides"
    )
    write(folder, "data/heads.py", "def cosine(): ...\n")
    assert refusal("data.heads:cosine").endswith(
        f"rename {folder / 'data'}, which the package of that name hides"
    )
    write(folder, "thaw_sibling.py", "from json import mine\n")
    write(folder, "json.py", "mine = 1\n")
    assert refusal("thaw_sibling:cosine").endswith(
        f"rename {folder / 'json.py'}, which the package of that name hides"
    )


def test_a_folder_that_is_searched_anyway_stays_when_another_takes_its_turn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(folder / "first"))
    plugins.search_in(folder / "first")
    plugins.search_in(folder / "second")
    assert str(folder / "first") in sys.path
    plugins.search_in(folder)
    assert str(folder / "second") not in sys.path


def test_what_cannot_be_called_as_thaw_will_is_refused(folder: Path) -> None:
    write(folder, "thaw_calls.py", "value = 1\ndef blur(image, seed, sigma=1.0): ...\n")
    with pytest.raises(InputError, match="is of type int, must be a function or a class"):
        plugins.load_callable("thaw_calls:value", KEY, {}, 2)
    assert plugins.load_callable("thaw_calls:blur", KEY, {"sigma": 2.0}, 2)
    with pytest.raises(InputError) as error:
        plugins.load_callable("thaw_calls:blur", KEY, {"sigmar": 2.0}, 2)
    assert str(error.value) == (
        "finetune.head: thaw_calls:blur takes (image, seed, sigma=1.0), and would get 2 arguments "
        "and sigmar (got an unexpected keyword argument 'sigmar'); correct the options in the "
        "config, or the function"
    )


@pytest.mark.parametrize("text", ["a:b", "a.b_1:c"])
def test_a_reference_is_a_module_and_a_name(text: str) -> None:
    assert plugins.is_reference(text)


@pytest.mark.parametrize("text", ["", "a", "a:", ":b", "a.b", "a:b.c", "a b:c", "../a:b", "1:b"])
def test_other_texts_are_no_references(text: str) -> None:
    assert not plugins.is_reference(text)
