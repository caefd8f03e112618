"""The files that a repository's host and its contributors' tools read."""

import re
import subprocess
import sys

import pytest

from pipeline.configuration import safe_yaml
from tests.conftest import PROJECT

TEMPLATES = PROJECT / ".github" / "ISSUE_TEMPLATE"


def _recipe(target: str) -> list[str]:
    """The commands of a Makefile's target."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    rule = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert rule, f"the Makefile has no target {target}"
    return [line.strip() for line in rule[1].splitlines()]


def _release_sections() -> list[str]:
    changelog = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    return changelog.split("\n## ")[1:]


def test_the_commit_hooks_are_the_commands_of_make_lint() -> None:
    text = (PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (repository,) = safe_yaml.parse(text)["repos"]
    assert repository["repo"] == "local"  # A repository elsewhere would have a version of its own.
    hooks = repository["hooks"]
    assert [hook["entry"] for hook in hooks] == _recipe("lint")
    assert {(hook["language"], hook["pass_filenames"]) for hook in hooks} == {("system", False)}


@pytest.mark.parametrize("name", ["bug_report", "feature_request"])
def test_an_issue_form_has_the_fields_that_github_asks_for(name: str) -> None:
    form = safe_yaml.parse((TEMPLATES / f"{name}.yml").read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"textarea", "input"}
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_bug_report_asks_for_the_version_the_summary_and_the_log() -> None:
    text = (TEMPLATES / "bug_report.yml").read_text(encoding="utf-8")
    assert all(word in text for word in ("thaw --version", "summary.json", "tfx.log"))
    assert safe_yaml.parse((TEMPLATES / "config.yml").read_text())["blank_issues_enabled"] is False


def test_the_changelogs_newest_section_is_of_this_version_and_begins_with_what_breaks() -> None:
    command = [sys.executable, "setup.py", "--version"]
    setup = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    version = setup.stdout.split()[-1]
    newest = _release_sections()[0]
    assert re.match(rf"\[{re.escape(version)}\] - (unreleased|\d{{4}}-\d\d-\d\d)\n", newest)
    groups = re.findall(r"^### (.+)$", newest, re.MULTILINE)
    assert groups[0] == "Breaking"
    assert set(groups) <= {"Breaking", "Added", "Changed", "Deprecated", "Removed", "Fixed"}


def test_the_changelog_has_a_line_for_each_change() -> None:
    for section in _release_sections():
        changes = [line for line in section.splitlines() if line.startswith("-")]
        assert changes
        assert not [line for line in changes if not line.endswith(".") or len(line) > 100]
        assert not re.findall(r"^- .*\n {2,}\S.*", section, re.MULTILINE)
