"""A compiled pipeline is a value: written, read back, and the same for the same inputs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.compiled import GRAPH_FILE, NODES_FILE, CompiledPipeline, read_compiled
from tests.conftest import PROJECT
from tests.faults.running import NODES
from tests.pipeline.compiling import compiled_digits


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> CompiledPipeline:
    return compiled_digits(tmp_path_factory.mktemp("root"))


def python(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **environment},
        check=True,
    )
    return done.stdout.strip()


def test_what_is_written_is_read_back(compiled: CompiledPipeline, tmp_path: Path) -> None:
    compiled.write(tmp_path / "new" / "folder")
    assert read_compiled(tmp_path / "new" / "folder") == compiled


def test_every_node_has_its_upstream_nodes_and_the_fingerprint_of_its_code(
    compiled: CompiledPipeline,
) -> None:
    assert {node.name for node in compiled.nodes} == set(NODES)
    before: set[str] = set()
    for node in compiled.nodes:
        assert set(node.upstream) <= before
        before.add(node.id)
    assert "DataCheck" in compiled.node("Transform").upstream
    tfx_s_own = {"CuratedSchema", "StatisticsGen", "ExampleValidator"}
    for node in compiled.nodes:
        assert len(node.source) == (0 if node.id in tfx_s_own else 64), node


def test_it_has_the_backbone_s_fingerprint_but_no_run_and_no_connection(
    compiled: CompiledPipeline,
) -> None:
    assert compiled.trainer is not None
    assert compiled.trainer.sha256 == "f" * 64
    graph = compiled.parsed_graph()
    assert graph.runtime_spec.pipeline_run_id.HasField("runtime_parameter")
    assert "metadata.db" not in str(graph)
    assert {node.pipeline_node.node_info.id for node in graph.nodes} == {
        node.id for node in compiled.nodes
    }


@pytest.fixture(scope="module")
def other_process(
    compiled: CompiledPipeline, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """What another process has compiled of the same inputs, and what it has printed."""
    folder = tmp_path_factory.mktemp("compiled")
    printed = python(
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.pipeline.compiling import compiled_digits\n"
        f"compiled_digits(Path({str(compiled.root)!r})).write(Path({str(folder)!r}))\n"
        "print('google.cloud.aiplatform' in sys.modules)",
        PYTHONHASHSEED="7",
    )
    return folder, printed


def test_the_same_inputs_give_the_same_bytes_in_another_process(
    compiled: CompiledPipeline, other_process: tuple[Path, str], tmp_path: Path
) -> None:
    compiled.write(tmp_path)
    folder, _ = other_process
    for name in (NODES_FILE, GRAPH_FILE):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_the_graph_imports_nothing_of_google_cloud_ai_platform(
    other_process: tuple[Path, str],
) -> None:
    # A third of the seconds that the graph's imports took: tfx.v1 brings it, its parts do not.
    _, printed = other_process
    assert printed == "False"


def test_reading_imports_no_tensorflow_and_parsing_the_graph_only_protobuf(
    compiled: CompiledPipeline, tmp_path: Path
) -> None:
    compiled.write(tmp_path)
    heavy = "print(sorted({'tensorflow', 'apache_beam', 'numpy', %s} & set(sys.modules)))"
    printed = python(
        "import sys\n"
        "from pathlib import Path\n"
        "from pipeline.compiled import read_compiled\n"
        f"compiled = read_compiled(Path({str(tmp_path)!r}))\n"
        + heavy % "'tfx', 'google.protobuf'"
        + "\nprint(len(compiled.parsed_graph().nodes))\n"
        + heavy % "'tfx.orchestration', 'tfx.types'"
    )
    assert printed.splitlines() == ["[]", str(len(compiled.nodes)), "[]"]


def without_graph(folder: Path) -> None:
    (folder / GRAPH_FILE).unlink()


def with_another_graph(folder: Path) -> None:
    (folder / GRAPH_FILE).write_bytes(b"other")


def cut_short(folder: Path) -> None:
    os.truncate(folder / NODES_FILE, 100)


def of_another_format(folder: Path) -> None:
    path = folder / NODES_FILE
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'))


def with_a_key_too_many(folder: Path) -> None:
    path = folder / NODES_FILE
    path.write_text(path.read_text(encoding="utf-8").replace('"root"', '"more": 1, "root"'))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_graph, r"nodes\.json and pipeline\.pb cannot be read \(No such file"),
        (with_another_graph, r"nodes\.json describes another graph than that in pipeline\.pb"),
        (cut_short, r"nodes\.json is damaged \(JSONDecodeError\)"),
        (of_another_format, r"nodes\.json has the format 2, and this Thaw reads 1"),
        (with_a_key_too_many, r"nodes\.json is damaged \(ValidationError\)"),
    ],
)
def test_missing_damaged_and_foreign_files_are_refused_with_the_remedy(
    compiled: CompiledPipeline, tmp_path: Path, damage: object, message: str
) -> None:
    compiled.write(tmp_path)
    assert callable(damage)
    damage(tmp_path)
    with pytest.raises(InputError, match=f"{message}.*; compile the pipeline again") as error:
        read_compiled(tmp_path)
    assert "\n" not in str(error.value)


def test_an_unknown_node_is_refused_with_the_names_of_the_nodes(
    compiled: CompiledPipeline,
) -> None:
    with pytest.raises(InputError, match=r"NODE: got 'Train', .* no such node; name one of .*Trai"):
        compiled.node("Train")
