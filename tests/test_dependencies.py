"""The page on dependencies: a row for each, with the licence that its metadata states."""

import contextlib
import importlib.metadata
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import PackageMetadata

import pytest

from tests.conftest import PROJECT
from tests.test_architecture import packages_of

PAGE = (PROJECT / "docs" / "dependencies.md").read_text(encoding="utf-8")
LISTS = sorted((PROJECT / "requirements").glob("*.in"))

# What older metadata call these licences, in SPDX's terms.
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
}
PACKAGES = ("thaw", "pipeline", "components", "modules", "data")
# Imported only where it is installed: tensorflow-hub too asks for it when a handle is Kaggle's.
OPTIONAL = {"kagglehub"}


def _rows() -> dict[str, str]:
    """Each package of the page's tables of dependencies, and its licence there."""
    tables = PAGE.split("## Known vulnerabilities")[0]
    cells = [row.strip("| ").split(" | ") for row in tables.splitlines() if row.startswith("| `")]
    assert {len(row) for row in cells} == {4}
    return {package.strip("`"): licence for package, _, _, licence in cells}


def _direct() -> Iterator[str]:
    for file in LISTS:
        for line in file.read_text(encoding="utf-8").splitlines():
            if name := re.match(r"[\w.-]+", line):
                yield name[0]


def _field(metadata: PackageMetadata, name: str) -> list[str]:
    return metadata.get_all(name) or []


def _stated_licence(metadata: PackageMetadata) -> str | None:
    """The SPDX expression that a package's metadata state, or None where they state none."""
    for expression in _field(metadata, "License-Expression"):
        return expression.split(" AND ")[0]  # The package's own; then of what it bundles.
    for classifier in _field(metadata, "Classifier"):
        kind, *_, name = classifier.split(" :: ")
        if kind == "License" and name != "OSI Approved":
            return SPDX.get(name, name)
    for text in _field(metadata, "License"):
        return SPDX.get(text, text)
    return None


def test_each_direct_dependency_has_a_row_and_no_other_package_has_one() -> None:
    assert set(_rows()) == set(_direct())


def test_each_package_that_thaw_imports_is_named_as_a_dependency() -> None:
    provided: set[str] = set()
    for name in _direct():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            files = importlib.metadata.files(name) or []
            provided |= {file.parts[0].removesuffix(".py") for file in files}
    imported = {
        name
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*.py")
        for name in packages_of(path)
    }
    others = imported - {*PACKAGES, *OPTIONAL, *sys.stdlib_module_names}
    assert others > {"google", "jinja2", "sklearn"}
    assert others <= provided, others - provided


@pytest.mark.parametrize("name", sorted(_rows()))
def test_a_dependencys_licence_is_the_one_that_its_metadata_states(name: str) -> None:
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed: it is in the lock of an orchestrator alone")
    assert _stated_licence(metadata) in (_rows()[name], None)


def test_no_installed_package_states_a_licence_of_the_gpls_family() -> None:
    # Not of all of sys.path: setuptools puts what it bundles there when it is imported.
    site_packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    packages = list(importlib.metadata.distributions(path=site_packages))
    assert len(packages) > 100
    for package in packages:
        stated = [
            text
            for field in ("License-Expression", "Classifier")
            for text in _field(package.metadata, field)
        ]
        assert not [text for text in stated if "GPL" in text], package.metadata["Name"]
