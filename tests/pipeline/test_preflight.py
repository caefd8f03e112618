"""What is checked before any work: the config, and what the names of the data say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modules.errors import InputError
from pipeline import preflight
from pipeline.cli.app import app
from pipeline.configuration import loading
from tests.conftest import GLYPHS

Run = Callable[..., tuple[str, str]]
NOTHING_WRONG = "there is no class 'nothing'"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a config of the data in ``photos``; returns the output and the message of the refusal.

    If the names are right, the weight of an unknown class ends the run.
    """

    def invoke(
        data: str = "{path: ../photos}", weights: str = "{nothing: 2}", least: int = 3
    ) -> tuple[str, str]:
        config = tmp_path / "configs" / "photos.yaml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(
            f"data: {data}\nbackbone: {{handle: {GLYPHS}}}\n"
            f"finetune: {{class_weights: {weights}}}\n"
            f"evaluation: {{min_examples: {least}}}\n",
            encoding="utf-8",
        )
        result = CliRunner().invoke(app, ["run", str(config)])
        assert isinstance(result.exception, InputError), result.exception
        assert "\n" not in str(result.exception)
        return result.output, str(result.exception)

    return invoke


def write_images(root: Path, *folders: str, each: int = 20) -> Path:
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            (root / folder / f"{number}.jpg").write_bytes(f"{folder}{number}".encode())
    return root


def test_a_run_first_says_how_it_reads_the_folders(
    tmp_path: Path, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path / "photos", "cat", "dog", "__MACOSX", each=100)
    _, message = run()
    assert NOTHING_WRONG in message
    lines = capfd.readouterr().out.splitlines()
    assert lines[1:3] == [
        "data: a folder per class; 2 classes (cat, dog), 200 images",
        "data: left out: 1 file or folder of other programs ('__MACOSX')",
    ]


@pytest.mark.parametrize(
    ("folders", "each", "message"),
    [
        ([""], 124, "photos holds 124 images and no class folders; put the images into a folder"),
        (["cat"], 3, "photos holds 1 class folder, 'cat', and at least 2 are needed: add another"),
        (
            ["photos/cat", "photos/dog"],
            3,
            "photos holds 1 class folder, 'photos', and at least 2 are needed; set data.path to ",
        ),
        (["train", "valid", "tset"], 3, "beside 'tset' (nearly 'test'): all of them would be cl"),
        (["train", "test"], 3, "holds 6 images in 'test' and 'train', and no class folders in th"),
        (["cat", "dog", "a\nb"], 20, r"the folder 'a\nb' cannot be a class; a name must be valid"),
    ],
)
def test_folders_that_cannot_be_trained_on_are_refused_before_the_backbone_is_loaded(
    tmp_path: Path, run: Run, folders: list[str], each: int, message: str
) -> None:
    write_images(tmp_path / "photos", *folders, each=each)
    assert message in run()[1]


def test_too_few_images_for_the_gate_are_refused_before_the_backbone_is_loaded(
    tmp_path: Path, run: Run
) -> None:
    write_images(tmp_path / "photos", "cat", "dog", each=8)
    message = run(least=30)[1]
    assert "test: about 2 of 16 images would be in this split, and evaluation.min_" in message
    assert "change the shares in data.splits, or lower evaluation.min_examples" in message
    assert NOTHING_WRONG in run(least=3)[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("photo", "photo does not exist; did you mean 'photos'?"),
        ("xyz", "xyz does not exist; correct the path"),
        ("xyz/photos", "xyz/photos does not exist, and neither does "),
        ("photos.zip", "photos.zip is an archive; unpack it, and name the folder"),
        ("photos.xlsx", "photos.xlsx cannot be read as a manifest; save it as CSV"),
        ("photos.jpg", "photos.jpg is a file, not a folder; name a folder that holds"),
        ("empty", "empty is empty; it must hold a folder of images for each class"),
        ("empty.csv", "empty.csv is empty; it needs a header, such as path,label, and a row for"),
        ("none.csv", "none.csv does not exist"),
    ],
)
def test_a_path_that_is_no_folder_of_images_is_refused_with_what_it_is(
    tmp_path: Path, run: Run, name: str, message: str
) -> None:
    write_images(tmp_path / "photos", "cat", "dog")
    (tmp_path / "empty").mkdir()
    for file in ("photos.zip", "photos.xlsx", "photos.jpg", "empty.csv"):
        (tmp_path / file).touch()
    assert message in run(f"{{path: ../{name}}}")[1]


def test_a_manifest_of_files_in_another_folder_is_refused_before_the_backbone_is_loaded(
    tmp_path: Path, run: Run
) -> None:
    write_images(tmp_path / "photos" / "images", "cat", "dog")
    names = [f"{label}/{n}.jpg,{label}\n" for label in ("cat", "dog") for n in range(20)]
    (tmp_path / "photos" / "all.csv").write_text("path,label\n" + "".join(names))
    message = run("{path: ../photos/all.csv}")[1]
    assert "none of its 40 files is in" in message
    assert f"set data.image_root to {tmp_path}/photos/images" in message
    assert NOTHING_WRONG in run("{path: ../photos/all.csv, image_root: ../photos/images}")[1]


def test_rows_without_a_label_are_refused_before_the_backbone_is_loaded(
    tmp_path: Path, run: Run
) -> None:
    write_images(tmp_path / "photos", "x", each=100)
    labels = ["cat", "dog"] * 20 + [""] * 60
    rows = [f"x/{number}.jpg,{label}\n" for number, label in enumerate(labels)]
    (tmp_path / "photos" / "all.csv").write_text("path,label\n" + "".join(rows))
    message = run("{path: ../photos/all.csv}")[1]
    assert "60 of 100 files cannot be used (60 no label; " in message
    assert "set data.unlabelled: skip" in message
    assert NOTHING_WRONG in run("{path: ../photos/all.csv, unlabelled: skip}")[1]


def test_a_label_that_yaml_reads_as_another_value_must_be_quoted(tmp_path: Path, run: Run) -> None:
    write_images(tmp_path / "photos", "no", "yes")
    message = run(weights="{no: 2}")[1]
    assert "finetune.class_weights: got the label False" in message
    assert "quote it" in message
    message = run(weights="{'no': 2, 0777: 3}")[1]
    assert "there is no class '511'; the labels are 'no', 'yes': correct it, or quote it" in message


def test_a_missing_docker_is_refused_before_the_root_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "infra.validator: got docker, and no daemon answers; start it"
    monkeypatch.setattr("components.infra_check.docker.docker_problem", lambda: problem)
    (tmp_path / "photos.yaml").write_text(
        f"data: {{path: photos}}\nbackbone: {{handle: {GLYPHS}}}\ninfra: {{validator: docker}}\n",
        encoding="utf-8",
    )
    config = loading.load(tmp_path / "photos.yaml")
    with pytest.raises(InputError, match="no daemon answers; start it"):
        preflight.claim_root(config)
    assert not config.root.exists()
    monkeypatch.setattr("components.infra_check.docker.docker_problem", lambda: "")
    assert preflight.claim_root(config) == ""
    assert config.root.is_dir()


def test_a_golden_set_is_listed_and_checked_before_the_data(tmp_path: Path) -> None:
    write_images(tmp_path / "photos", "cat", "dog")
    write_images(tmp_path / "golden", "cat", each=2)
    file = tmp_path / "photos.yaml"
    file.write_text(f"data: {{path: photos}}\nbackbone: {{handle: {GLYPHS}}}\n", encoding="utf-8")
    lines: list[str] = []

    def check(golden: str) -> None:
        config = loading.load(file, [f"evaluation.golden={golden}"])
        preflight.check_golden(config, lines.append)
        preflight.check_data(config, lambda line: None, forced=True)

    check(f"{tmp_path}/golden")
    assert lines == ["golden set: a folder per class; 1 class, 2 images, never trained on"]
    with pytest.raises(InputError, match=r"^evaluation\.golden\.path: .*/nowhere"):
        check(f"{tmp_path}/nowhere")
    with pytest.raises(InputError, match="hold the same images, and no golden image is trained on"):
        check(f"{tmp_path}/photos")
    with pytest.raises(InputError, match=r"has the fingerprint [0-9a-f]{64}, must have ffff"):
        check(f"{{path: {tmp_path}/golden, sha256: {'f' * 64}}}")
    write_images(tmp_path / "others", "elk")
    message = "its classes are 'elk', and none is among those that are trained on, 'cat' and 'dog'"
    with pytest.raises(InputError, match=message):
        check(f"{tmp_path}/others")
    with pytest.raises(InputError, match="a golden set is the same for all spans; name a path wit"):
        check(f"{tmp_path}/span-{{SPAN}}")
