"""``thaw schema``: the published schemas are those of the code, and real files keep to them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.records.summary import Summary, read_summary
from pipeline.cli.app import app
from tests.conftest import PROJECT

SCHEMAS = PROJECT / "docs" / "schema"
CONFIGS = sorted((PROJECT / "configs").rglob("*.yaml"))
SUMMARIES = PROJECT / "tests" / "components" / "records" / "summaries"


@pytest.fixture
def summaries() -> Any:
    """What validates a summary."""
    jsonschema = pytest.importorskip("jsonschema", reason="needs the package jsonschema")
    schema = json.loads((SCHEMAS / "summary.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("document", ["config", "summary"])
def test_the_published_schema_is_the_one_that_thaw_prints(document: str) -> None:
    done = CliRunner().invoke(app, ["schema", document])
    assert done.exit_code == 0, done.output
    published = (SCHEMAS / f"{document}.json").read_text(encoding="utf-8")
    assert published == done.stdout, "run make reference"


@pytest.mark.parametrize("name", ["pushed", "failed"])
def test_a_real_summary_fits_the_schema(name: str, summaries: Any) -> None:
    summary = read_summary(SUMMARIES / f"{name}.json")
    assert summary is not None
    assert list(summaries.iter_errors(json.loads(summary.as_text()))) == []


def test_a_summary_with_an_unknown_key_or_another_type_does_not_fit_the_schema(
    summaries: Any,
) -> None:
    summary = Summary(run_id="1", status="pushed", serving_dir="/s").model_dump(mode="json")
    assert summaries.is_valid(summary)
    assert not summaries.is_valid({**summary, "gates": None})
    (error,) = summaries.iter_errors({**summary, "status": "done"})
    assert list(error.path) == ["status"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_names_the_schema_for_editors(path: Path) -> None:
    line = path.read_text(encoding="utf-8").splitlines()[0]
    schema = line.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == SCHEMAS / "config.json"


def test_a_schema_is_printed_without_tensorflow() -> None:
    code = (
        "import sys\n"
        "from pipeline.cli.app import app\n"
        "import pipeline.cli\n"
        "for document in ('config', 'summary'):\n"
        "    app(['schema', document], standalone_mode=False)\n"
        "print(sorted({'tensorflow', 'tfx', 'apache_beam', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
