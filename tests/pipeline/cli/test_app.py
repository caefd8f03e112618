"""What the commands share."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from tests.conftest import PROJECT

DIGITS = str(PROJECT / "configs" / "digits.yaml")


@pytest.mark.parametrize("command", ["run", "versions"])
def test_an_empty_root_is_refused_and_nothing_is_written_to_the_current_folder(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [command, DIGITS, "--root", ""])
    assert result.exit_code == 2
    assert "Invalid value for '--root': got '', must be a folder" in result.output
    assert not list(tmp_path.iterdir())
