"""Loading a configuration: the least that it needs, and what each mistake says."""

from pathlib import Path

import pytest

from modules.errors import InputError
from pipeline.configuration import loading

WHOLE = "data: {path: photos}\nbackbone: {handle: ../module}\n"


def written(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "configs" / "birds.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_two_lines_are_a_whole_config_and_paths_start_at_its_folder(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path))
    assert config.name == "birds"
    assert config.data.path == str(tmp_path / "configs" / "photos")
    assert config.backbone.handle == str(tmp_path / "module")
    assert config.root == tmp_path / ".thaw" / "birds"
    assert config.serving_dir == config.root / "serving"
    assert config.backbone.input_range is None
    assert config.evaluation.min_accuracy == 0.5
    assert [stage.unfreeze for stage in config.finetune.stages] == ["none", "all"]


def test_local_prefixes_of_what_is_allowed_start_at_the_configs_folder(tmp_path: Path) -> None:
    text = "data: {path: a}\nbackbone: {handle: m/1, allowed: [m, 'gs://bucket/m', ../n]}\n"
    config = loading.load(written(tmp_path, text))
    folder = tmp_path / "configs"
    assert config.backbone.allowed == (str(folder / "m"), "gs://bucket/m", str(tmp_path / "n"))


def test_an_address_is_left_as_it_is(tmp_path: Path) -> None:
    url = "https://example.org/module/1"
    config = loading.load(written(tmp_path), [f"backbone.handle={url}"])
    assert config.backbone.handle == url


def test_set_replaces_one_value_and_root_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = WHOLE + "finetune: {seed: 3, stages: [{name: a}, {name: b}]}\n"
    config = loading.load(
        written(tmp_path, text),
        [
            "finetune.batch_size=8",
            "finetune.stages.1.unfreeze={last: 2}",
            "finetune.stages.0.epochs=2",
            "data.path=here",
        ],
        Path("elsewhere"),
    )
    assert (config.finetune.seed, config.finetune.batch_size) == (3, 8)
    assert config.finetune.stages[0].epochs == 2
    assert config.finetune.stages[1].unfreeze.last == 2  # type: ignore[union-attr]
    assert config.data.path == str(tmp_path / "here")
    assert config.root == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "data: {path: a, window: {spans: 2}}\nevaluation: {lost_classes: allow}",
            r"^evaluation\.lost_classes: got allow, and with data\.window .*; remove the key",
        ),
        ("dta: {}", r"^dta: unknown key; did you mean data\?"),
        (
            "finetune: {stages: [{name: a, learning_rat: 1}]}",
            r"^finetune\.stages\[0\]\.learning_ra"
            r"t: unknown key; did you mean learning_rate\?",
        ),
        (
            "finetune: {epochs: 5}",
            r"^finetune\.epochs: unknown key; epochs is a stage's own: put it into finetune\.stage",
        ),
        (
            "batch_size: 8",
            r"^batch_size: unknown key; batch_size is known in finetune, finetune\.stages\[\.\.\.\]"
            r", finetune\.warm_start\.stages\[\.\.\.\]: put it into finetune",
        ),
        (
            "backbone: {handle: a, image_size: 224x224}",
            r"got '224x224', must be 224 or \[224, 224\]",
        ),
        ("backbone: {handle: a, image_size: 99x160}", r"got '99x160', must be \[99, 160\]: pixels"),
        ("backbone: {handle: a, image_size: [1, 2, 3]}", r"got \[1, 2, 3\], must be 224 or \[224"),
        (
            "finetune: {head: {name: mlp, hidden: [3]}}",
            r"^finetune\.head\.hidden: unknown key; did you mean hidden_units\?",
        ),
        ("finetune: {head: conv}", r"^finetune\.head: got the name 'conv', must be linear, mlp or"),
        ("evaluation: {zzz: 1}", r"evaluation\.zzz: unknown key; known here: confidence"),
        (
            "evaluation: {min_accuracy: 1.5}",
            r"evaluation\.min_accuracy: got 1\.5, must be less tha"
            r"n or equal to 1",
        ),
        (
            "finetune: {stages: [{name: a, unfreeze: half}]}",
            r"finetune\.stages\[0\]\.unfreeze: got"
            r" 'half', must be none, all, \{last: N\}, \{fraction: x\} or \{match: \[",
        ),
        (
            "finetune: {stages: [{name: a, unfreeze: {last: 0}}]}",
            r"stages\[0\]\.unfreeze\.last: g"
            r"ot 0, must be greater than 0",
        ),
        (
            "finetune: {stages: [{name: a, learning_rate: 0}]}",
            r"stages\[0\]\.learning_rate: got 0, must be greater than 0; change it",
        ),
        (
            "finetune: {stages: [{name: a, learning_rate: 1e}]}",
            r"learning_rate: got '1e', must be a number or \{peak: number, \.\.\.\}; change it",
        ),
        (
            "finetune: {stages: [{name: a, learning_rate: {peak: 1, decay: step}}]}",
            r"stages\[0\]\.learning_rate: decay: step and step_epochs go together",
        ),
        (
            "finetune: {stages: [{name: a, epochs: 2,"
            " learning_rate: {peak: 1, warmup_epochs: 3}}]}",
            r"stages\[0\]: learning_rate\.warmup_epochs is 3, more than the stage's 2 epochs",
        ),
        ("beam: {workers: x}", r"beam\.workers: got 'x', must be a whole number; change it"),
        ("finetune: {stages: [{name: a, epochs: 0}]}", r"stages\[0\]\.epochs: got 0, must be"),
        ("finetune: {stages: [{name: a}, {name: a}]}", r"but 'a' occurs twice; rename one"),
        (
            "finetune: {stages: [{name: a}], warm_start: {from: served, stages: [{name: a}]}}",
            r"^finetune: stage names must differ, but 'a' occurs twice; rename one",
        ),
        (
            "finetune: {warm_start: {from: serving}}",
            r"^finetune\.warm_start\.from: got 'serving', must be 'served' or 'none'; change it",
        ),
        (
            "finetune: {warm_start: {from_: served}}",
            r"^finetune\.warm_start\.from_: unknown key; did you mean from\?",
        ),
        (
            "finetune: {warm_start: {from: served, stages: []}}",
            r"^finetune\.warm_start\.stages: got \[\], must hold at least one; change it",
        ),
        (
            "finetune: {warm_start: {from: served, stages: [{name: a, epochs: 0}]}}",
            r"^finetune\.warm_start\.stages\[0\]\.epochs: got 0, must be greater than 0",
        ),
        (
            "finetune: {distribution: mirrored, warm_start: {from: served, stages: "
            "[{name: a, batch_norm: {statistics: update}}]}}",
            r"but warm_start\.stages\[a\]\.batch_norm has statistics: update, which needs whole",
        ),
        (
            "finetune: {stages: [{name: a, unfreeze: {match: ['(']}}]}",
            r"unfreeze\.match: got '\(', must be a regular expression \(",
        ),
        (
            "finetune: {optimizer: adagrad}",
            r"finetune\.optimizer: got 'adagrad', must be adam, adamw",
        ),
        (
            "finetune: {optimizer: {name: adam, momentum: 0.5}}",
            r"finetune\.optimizer: adam has no momentum; leave it out or take another optimizer",
        ),
        (
            "finetune: {layer_decay: 0}",
            r"^finetune\.layer_decay: got 0, must be greater than or equal to 0\.01",
        ),
        ("finetune: {augmentation: {crop: 0}}", r"augmentation\.crop: got 0, must be greater"),
        (
            "finetune: {augmentation: {flp: both}}",
            r"augmentation\.flp: unknown key; did you mean f",
        ),
        (
            "finetune: {class_weights: {a: -1}}",
            r"class_weights.*a\]?: got -1, must be greater than 0",
        ),
        ("finetune: {batch_norm: train}", r"batch_norm: got 'train', must be keys and values"),
        (
            "finetune: {stages: [{name: a, unfreeze: {match: []}}]}",
            r"^finetune\.stages\[0\]\.unfreeze\.match: got \[\], must hold at least one; "
            r"change it \(in",
        ),
        ("finetune: {stages: []}", r"finetune\.stages: got \[\], must hold at least one; change"),
        ("finetune: {batch_size: 1000000}", r"finetune\.batch_size: got 1000000, must be less"),
        (
            "finetune: {optimizer: {name: adam, weight_decay: 0.01}}",
            r"finetune\.optimizer: adam has no weight_decay",
        ),
        (
            "finetune: {stages: [{name: a, learning_rate: {peak: 1, floor: 0.1}}]}",
            r"learning_rate: floor belongs to decay: cosine; leave it out",
        ),
        ("finetune: {augmentation: {mixup: 1.0e-9}}", r"mixup: got 1e-09, must be 0, or between"),
        ("finetune: {batch_size: many}", r"finetune\.batch_size: got 'many', must be a whole"),
        (
            "data: {path: a, splits: {train: 0.9}}",
            r"data\.splits: the shares must add up to 1, an"
            r"d add up to 1\.1",
        ),
        ("data: {path: a, resize: squash}", r"data\.resize: got 'squash', must be 'stretch', 'cro"),
        ("backbone: {handle: a, input_range: [1, 0]}", r"backbone: input_range must rise"),
        ("backbone: {handle: a, image_size: -1}", r"backbone\.image_size: got -1, must be greater"),
        ("backbone: {handle: a, sha256: 12ab}", r"sha256: got '12ab', must be 64 hexadecimal digi"),
        ("backbone: {handle: a, sha256: }", r"sha256: got None, must be 64 hexadecimal digits; th"),
        ("backbone: {handle: a, allowed: []}", r"backbone\.allowed: got \[\], must hold at least"),
        (
            "backbone: {handle: a, allowed: ['https://']}",
            r"backbone\.allowed\[0\]: got 'https://', must be an absolute path, or an address .*",
        ),
        ("backbone: {}", r"backbone\.handle: missing, and it has no default; add it"),
        (
            "beam: {args: [--runner=DaskRunner]}",
            r"beam: args names Beam's DaskRunner, which report",
        ),
        ("data: 3", r"data: got 3, must be keys and values"),
        (
            "data: {path: a, window: {spans: 2, older: 0.1}}",
            r"^data\.window\.older: got 0\.1, must be keys and values; known here: fraction",
        ),
        ("retrain: {when: [{drift: 0.1}]}", r"drift: got 0\.1, must be keys and values; change it"),
        (
            "evaluation: {min_accuracy: yes}",
            r"evaluation\.min_accuracy: got True, must be a number",
        ),
        ("evaluation: {min_accuracy: .nan}", r"evaluation\.min_accuracy: got nan, must be"),
        ("backbone: {handle: a, input_range: [-.inf, 1]}", r"input_range\[0\]: got -inf, must be"),
        ("finetune: {seed: -1}", r"finetune\.seed: got -1, must be greater"),
        ("data: {path: [a]}", r"data\.path: got \['a'\], must be a path"),
        ("1: 2", r"\[1\]: unknown key"),
    ],
)
def test_a_mistake_names_the_key_the_value_and_the_rule(
    tmp_path: Path, change: str, message: str
) -> None:
    key = change.partition(":")[0]
    lines = [line for line in WHOLE.splitlines() if not line.startswith(f"{key}:")]
    path = written(tmp_path, "\n".join([*lines, change]))
    with pytest.raises(InputError, match=message) as error:
        loading.load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "holds a list, must hold keys"),
        ("a: [", "is not YAML"),
        ("", "is empty, must hold keys"),
        ("photos", "holds one value, must hold keys"),
    ],
)
def test_a_file_that_is_no_config_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loading.load(written(tmp_path, text))


def test_a_section_left_empty_is_as_if_left_out(tmp_path: Path) -> None:
    config = loading.load(written(tmp_path, WHOLE + "evaluation:\nfinetune:\n"))
    assert config.evaluation.min_accuracy == 0.5


def test_the_last_override_wins_whatever_its_form(tmp_path: Path) -> None:
    changes = ["evaluation=null", "evaluation.min_accuracy=0.1"]
    changes += ["finetune.stages=[{name: b}]", "finetune.stages.0.epochs=1"]
    config = loading.load(written(tmp_path), changes)
    assert config.evaluation.min_accuracy == 0.1
    assert config.finetune.stages[0].epochs == 1


def test_a_name_too_long_for_ml_metadata_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(InputError, match="has 64 characters, and ML Metadata takes 63"):
        loading.load(path.rename(path.with_name("x" * 64 + ".yaml")))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"could not read .*none\.yaml \(No such file"):
        loading.load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("no-value", "must be key.path=value"),
        ("a..b=1", "must be key.path=value"),
        ("finetune.stages.4.epochs=1", r"no list in the config's file has a position 4; write"),
        ("data.path={", "is not a YAML value"),
        ("data.path=''", r"data\.path: got '', must be a path; name one or leave it out"),
        (f"finetune.seed={'1' * 5000}", "is not a YAML value"),
        ("data.path=~nosuchuser/x", "'~nosuchuser/x' is not a path"),
        ("finetune.sede=1", r"finetune\.sede: unknown key; did you mean seed\?"),
    ],
)
def test_a_wrong_override_is_named(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loading.load(written(tmp_path), [override])
