"""The package's description. Beam's ``--setup_file=./setup.py`` ships Thaw to its workers by it.

Versions are not repeated here: they are read from ``requirements/``, where each has its one place.
pip cannot override TFX's pin on tensorflow-hub, so install ``requirements/thaw.lock`` with
``--no-deps`` first (``make setup`` does), then this package with ``--no-deps``.
"""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """The lines of ``requirements/<name>.in`` that are requirements."""
    lines = (HERE / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in (raw.split("#")[0].strip() for raw in lines) if line]


setup(
    name="thaw",
    version=runpy.run_path(str(HERE / "pipeline" / "version.py"))["VERSION"],
    description="Fine-tunes TensorFlow Hub models in a gated, retraining TFX pipeline.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["thaw*", "pipeline*", "components*", "modules*", "data*"]),
    package_data={
        "thaw": ["py.typed"],
        "pipeline": ["py.typed"],
        "components": ["py.typed", "records/*.jinja", "span_review/*.jinja"],
        "modules": ["py.typed", "schema.pbtxt"],
        "data": ["backbones/**/*"],
    },
    install_requires=requirements("thaw"),
    extras_require={name: requirements(name) for name in ("airflow", "kubeflow", "dev")},
    entry_points={"console_scripts": ["thaw=pipeline.cli:main"]},
)
