"""The first push decides which labels and formats later spans may have."""

import json
from pathlib import Path
from typing import Any

from components.records import domains
from components.serving.push import push
from modules import model_layout
from modules.settings import ImageSpec, TrainerOptions
from pipeline.compiled import compile_pipeline, compile_span
from pipeline.configuration import loading
from pipeline.configuration.config import Config
from pipeline.domains import establish
from pipeline.runners.begin import held
from pipeline.schema import schema_text
from pipeline.state.root import Root
from tests.components.serving.processes import model
from tests.conftest import PROJECT


def continuous(folder: Path, *overrides: str, root: Path | None = None) -> Config:
    """A config with a window, in a folder; its root is there too, unless another is given."""
    file = folder / "c.yaml"
    file.write_text("data: {path: 'd-{SPAN}', window: {spans: 2}}\nbackbone: {handle: module}\n")
    return loading.load(file, overrides, root)


def pushed(root: Path, *labels: str, formats: tuple[str, ...] = ("GIF", "PNG")) -> int:
    """A version as Pusher leaves it; returns its number."""
    source = model(root.parent / f"source-{'-'.join(labels)}", parts=2)
    summary = json.dumps({"data": {"formats": dict.fromkeys(formats, 3)}} if formats else {})
    number = push(
        source, root / "serving", {}, extra=lambda number: {"summary.json": summary.encode()}
    )
    if labels:
        model_layout.write_labels(labels, root / "serving" / str(number))
    return number


def test_before_the_first_push_any_label_may_come(tmp_path: Path) -> None:
    config = continuous(tmp_path)
    assert establish(config) is None
    assert not Root(config.root).schema.exists()


def test_the_first_pushed_model_s_labels_are_written_down_once(tmp_path: Path) -> None:
    config = continuous(tmp_path)
    first = pushed(config.root, "cat", "dog")
    known = establish(config)
    assert known is not None
    assert known.values == {"label": ("cat", "dog"), "format": ("GIF", "PNG")}
    assert known.history[0].reason == f"version {first}"
    content = Root(config.root).schema.read_bytes()
    pushed(config.root, "cat", "dog", "emu")
    assert establish(config) == known
    assert Root(config.root).schema.read_bytes() == content


def test_a_run_that_was_killed_after_its_push_leaves_that_to_the_next_one(tmp_path: Path) -> None:
    overrides = [f"data.path={tmp_path}/span-{{SPAN}}", "data.window={spans: 2}"]
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path / "root")
    pushed(config.root, "cat", "dog")
    with held(config):
        known = domains.read(Root(config.root).schema)
    assert known is not None
    assert known.values["label"] == ("cat", "dog")


def test_without_a_window_nothing_is_written_down(tmp_path: Path) -> None:
    config = continuous(tmp_path, "data.window=null")
    pushed(config.root, "cat", "dog")
    assert establish(config) is None
    assert not Root(config.root).schema.exists()


def test_a_version_that_names_no_formats_leaves_them_open(tmp_path: Path) -> None:
    config = continuous(tmp_path)
    pushed(config.root, "cat", "dog", formats=())
    known = establish(config)
    assert known is not None
    assert known.values == {"label": ("cat", "dog")}


def test_another_program_s_version_decides_nothing(tmp_path: Path) -> None:
    config = continuous(tmp_path)
    pushed(config.root)
    assert establish(config) is None


def test_an_accepted_class_changes_the_checks_and_nothing_that_trains(tmp_path: Path) -> None:
    (tmp_path / "span-3").mkdir()
    overrides = [f"data.path={tmp_path}/span-{{SPAN}}", "data.window={spans: 2}"]
    config = loading.load(PROJECT / "configs" / "digits.yaml", overrides, tmp_path)
    options = TrainerOptions(
        handle=config.backbone.handle,
        sha256="f" * 64,
        image=ImageSpec(height=32, width=32),
        finetune=config.finetune,
    )

    def nodes(*labels: str) -> dict[str, Any]:
        domains.write(Root(tmp_path).schema, domains.Domains({"label": labels}))
        compiled = compile_pipeline(config, options), compile_span(config, 3)
        return {
            f"{graph}: {node.pipeline_node.node_info.id}": str(node.pipeline_node.parameters)
            for graph, pipeline in zip(("window", "span"), compiled, strict=True)
            for node in pipeline.parsed_graph().nodes
        }

    before, after = nodes("cat", "dog"), nodes("cat", "dog", "emu")
    assert {name for name in before if before[name] != after[name]} == {
        "window: DataCheck",
        "span: DataCheck",
        "span: CuratedSchema",
    }
    assert "emu" in after["span: DataCheck"]
    assert "schema.pbtxt" in after["window: Gate"]


def test_what_spans_are_checked_against_changes_with_each_accepted_class_and_training_s_not(
    tmp_path: Path,
) -> None:
    config = continuous(tmp_path)
    before = schema_text(config, ["site"])
    pushed(config.root, "cat", "dog")
    known = establish(config)
    assert known is not None
    checked = schema_text(config, ["site"], known)
    assert checked != before
    assert 'name: "site"' in checked
    more = known.changed("accept", {"label": ("emu",)}, by="Ada", at="")
    assert schema_text(config, ["site"], more) != checked
    back = more.changed("remove", {"label": ("emu",)}, by="Ada", at="")
    assert schema_text(config, ["site"], back) == checked
    assert schema_text(config, ["site"]) == before


def test_the_user_s_own_schema_lies_underneath_and_its_list_of_labels_holds_too(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own.pbtxt"
    own.write_text(
        'feature { name: "label" type: BYTES domain: "l" presence { min_fraction: 1 } }\n'
        'feature { name: "width" type: INT int_domain { min: 8 } }\n'
        'string_domain { name: "l" value: "cat" }'
    )
    config = continuous(tmp_path, f"data.schema={own}")
    known = domains.Domains({"label": ("cat", "dog")})
    text = schema_text(config, [], known)
    assert "min: 8" in text
    assert "min_fraction: 1" in text
    assert 'value: "dog"' not in text


def test_a_command_names_the_root_that_the_config_does_not_lead_to(tmp_path: Path) -> None:
    assert loading.root_option(continuous(tmp_path)) == ""
    assert loading.root_option(continuous(tmp_path, root=tmp_path / "a")) == str(tmp_path / "a")
    moved = continuous(tmp_path)
    moved.file.unlink()
    assert loading.root_option(moved) == str(moved.root)
