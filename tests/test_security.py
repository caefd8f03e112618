"""What no source may do: run what it reads, load past the guard, listen to the world."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT

PRODUCT = ("pipeline", "components", "modules", "data")
ALL = (*PRODUCT, "benchmarks", "docs", "tests")
SOURCES = {
    path.relative_to(PROJECT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for package in ALL
    for path in sorted((PROJECT / package).rglob("*.py"))
}


def product() -> dict[str, ast.Module]:
    return {name: tree for name, tree in SOURCES.items() if name.split("/")[0] in PRODUCT}


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for a name or an attribute; the last part of others."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def imported(tree: ast.AST) -> set[str]:
    """Full names of what is imported, and of all packages above them."""
    modules_imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            modules_imported |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return modules_imported


# Each makes objects, or runs code, as the bytes that it reads say.
UNPICKLERS = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "torch",
    "pandas", "skops", "jsonpickle", "copyreg", "h5py",
}  # fmt: skip
LOADERS = re.compile(
    r"^(exec|eval|compile|__import__)$"
    r"|(^|\.)(read_pickle|load_model|model_from_json|model_from_config|run_path|execfile)$"
)


def test_nothing_unpickles_nor_runs_what_it_reads() -> None:
    for name, tree in product().items():
        assert not imported(tree) & UNPICKLERS, name
        for called, call in calls(tree):
            assert not LOADERS.search(called), (name, called, call.lineno)


NUMPY_READERS = re.compile(r"(^|\.)(np|numpy)\.(load|fromfile|memmap|lib\.format\.\w+)$")


def test_numpy_reads_no_objects() -> None:
    for name, tree in SOURCES.items():
        for called, call in calls(tree):
            keywords = {keyword.arg: keyword.value for keyword in call.keywords}
            wanted = keywords.get("allow_pickle")
            assert wanted is None or getattr(wanted, "value", None) is False, (name, call.lineno)
            if NUMPY_READERS.search(called):  # Its default is no since NumPy 1.16.3.
                assert None not in keywords, (
                    name,
                    call.lineno,
                    "keywords that cannot be seen here",
                )


YAML = {
    "pipeline/configuration/safe_yaml.py": {"yaml.safe_load", "yaml.parse"},
    "tests/test_usual_snippet.py": {"yaml.safe_load"},
    "docs/config_reference.py": {"yaml.safe_dump"},  # It writes, and reads nothing.
}


def test_yaml_is_loaded_safely() -> None:
    for name, tree in SOURCES.items():
        used = {called for called, _ in calls(tree) if called.startswith("yaml.")}
        assert used <= YAML.get(name, set()), name
        assert not any(one.startswith("yaml.") for one in imported(tree)), name


HUB = {
    "modules/backbones/loading/fetching.py": {"resolve"},  # the guard itself
    "modules/backbones/backbone.py": {"load"},  # of what the guard gave
}


def test_every_module_comes_through_the_guard() -> None:
    for name, tree in product().items():
        used = {
            called.split(".", 1)[1]
            for called, _ in calls(tree)
            if called.split(".")[0] in ("hub", "tensorflow_hub") and "." in called
        }
        assert used <= HUB.get(name, set()), name
        if name not in HUB:
            assert not any(one.startswith("tensorflow_hub") for one in imported(tree)) or (
                name == "modules/backbones/loading/unpacking.py"
            )


ARCHIVES = re.compile(r"(^|\.)(extractall|unpack_archive)$")


def test_archives_are_opened_by_the_guard_alone() -> None:
    for name, tree in product().items():
        assert not [called for called, _ in calls(tree) if ARCHIVES.search(called)], name
        if name != "modules/backbones/loading/unpacking.py":
            assert not imported(tree) & {"tarfile", "zipfile", "gzip", "bz2", "lzma"}, name


def test_no_command_goes_through_a_shell() -> None:
    for name, tree in product().items():
        for called, call in calls(tree):
            assert called not in ("os.system", "os.popen", "subprocess.getoutput"), name
            shell = [keyword for keyword in call.keywords if keyword.arg == "shell"]
            assert not shell, (name, called, call.lineno)


# What opens a port, and the place of the address among its arguments.
SERVERS = re.compile(
    r"(^|\.)(bind|create_server|make_server|start_server|\w*HTTPServer|\w*TCPServer|\w*UDPServer"
    r"|add_insecure_port|add_secure_port|run_simple|start_http_server|\w*XMLRPCServer)$"
)
EVERYWHERE = re.compile(r"^(0\.0\.0\.0|\[?::\]?|\*|)(:\d+)?$")
# Training in several processes is asked for, by finetune.distribution and TF_CONFIG, and TensorFlow
# itself listens on all interfaces for it: the port is held for a moment before TensorFlow takes it.
ASKED_FOR = {"modules/finetune/cluster.py": 1}


def hosts(call: ast.Call) -> list[object]:
    """Constants that may be the address: of the first argument, or of the one named so."""
    named = [k.value for k in call.keywords if k.arg in ("host", "address", "server_address")]
    result: list[object] = []
    for argument in (*call.args[:2], *named):
        first = argument.elts[0] if isinstance(argument, ast.Tuple) else argument
        if isinstance(first, ast.JoinedStr):  # f":{port}"
            first = first.values[0] if first.values else first
        result += [first.value] if isinstance(first, ast.Constant) else []
    return result


def test_nothing_listens_beyond_this_machine_unless_asked() -> None:
    for name, tree in SOURCES.items():
        opened = [
            host
            for called, call in calls(tree)
            if SERVERS.search(called)
            for host in hosts(call)
            if host is None or (isinstance(host, str) and (EVERYWHERE.match(host) or host == ":"))
        ]
        assert len(opened) == ASKED_FOR.get(name, 0), (name, opened)


def test_no_source_names_the_address_of_all_interfaces() -> None:
    for name, tree in SOURCES.items():
        if name == "tests/test_security.py":
            continue
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if text in ("0.0.0.0", "::", "[::]", "0.0.0.0:0")], name


@pytest.mark.parametrize(
    "line",
    [
        'socket.create_server(("", 80))',
        'server.bind(("0.0.0.0", 80))',
        'HTTPServer(("", 0), Handler)',
        'make_server("", 0, application)',
        'server.add_insecure_port("[::]:0")',
        'server.add_insecure_port(f":{port}")',
        "asyncio.start_server(answer, None, 80)",
    ],
)
def test_a_port_for_all_would_be_seen(line: str) -> None:
    ((called, call),) = calls(ast.parse(line))
    assert SERVERS.search(called)
    assert any(host is None or host == ":" or EVERYWHERE.match(str(host)) for host in hosts(call))


def test_what_ships_names_every_port_that_it_opens_to_other_machines() -> None:
    for path in [*PROJECT.glob("scripts/*"), PROJECT / "Makefile", *PROJECT.glob("configs/**/*")]:
        if path.is_file():
            assert "0.0.0.0" not in path.read_text(encoding="utf-8"), Path(path).name
