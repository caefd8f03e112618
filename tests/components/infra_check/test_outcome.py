"""The outcome's form, the bounds, and which images are sent."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from components.infra_check.docker import docker_problem
from components.infra_check.job import Job, Sample
from components.infra_check.outcome import Check, Outcome, bounds
from components.infra_check.samples import choose
from modules.settings import Infra

MEASURED = {
    "latency_ms": {"p50": 10.0, "p99": 20.0, "requests": 5},
    "memory_mb": {"loaded": 300.0, "peak": 400.0},
    "size_mb": 17.5,
}


@pytest.mark.parametrize(
    ("bound", "value", "sentence"),
    [
        ("max_p50_ms", 10.0, "half of the requests take more than 10 ms"),
        ("max_p99_ms", 20.0, "one request in a hundred takes 20 ms"),
        ("max_memory_mb", 400.0, "serving takes 400 MB"),
        ("max_size_mb", 17.5, "the files take 17.5 MB"),
    ],
)
def test_a_bound_holds_up_to_its_own_value(bound: str, value: float, sentence: str) -> None:
    assert bounds(MEASURED, Infra.model_validate({bound: value})).problems == ()
    (problem,) = bounds(MEASURED, Infra.model_validate({bound: value - 0.25})).problems
    assert problem.startswith(sentence)
    assert f"infra.{bound} allows {value - 0.25:g}; " in problem


def test_without_bounds_nothing_is_held_and_what_was_not_measured_neither() -> None:
    assert bounds(MEASURED, Infra()).problems == ()
    assert bounds({}, Infra(max_p50_ms=1, max_memory_mb=1)).problems == ()


@pytest.mark.parametrize(
    "options",
    [
        {"requests": 0},
        {"load_seconds": 0},
        {"max_p50_ms": 0},
        {"tolerance": -1},
        {"validator": "kubernetes"},
        {"max_mb": 1},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Infra.model_validate(options)


def test_the_record_of_an_outcome_has_null_for_what_was_not_reached() -> None:
    checks = (Check("loaded", (), "in 1 s"), Check("grpc", ("bad", "worse")))
    outcome = Outcome(checks, {"size_mb": 17.5})
    assert json.loads(outcome.as_record().as_text()) == {
        "passed": False,
        "problems": ["bad", "worse"],
        "latency_ms": None,
        "memory_mb": None,
        "size_mb": 17.5,
        "load_seconds": None,
        "parity": None,
        "checks": [
            {"name": "loaded", "passed": True, "detail": "in 1 s"},
            {"name": "grpc", "passed": False, "detail": "bad; worse"},
        ],
    }


def scored(images: list[bytes]) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {hashlib.sha256(image).hexdigest(): np.ones(2, np.float32) for image in images}


def test_images_with_scores_are_found_and_others_make_up_the_number() -> None:
    images = [bytes([number]) for number in range(100)]
    chosen = choose(images, scored([images[90], images[40]]))
    assert [sample.image for sample in chosen] == [images[40], images[90], *images[:14]]
    assert [sample.scores is not None for sample in chosen] == [True] * 2 + [False] * 14


def test_no_more_images_are_read_than_it_takes() -> None:
    images = [bytes([number]) for number in range(100)]
    left = iter(images)
    chosen = choose(left, scored(images))
    assert [sample.image for sample in chosen] == images[:16]
    assert next(left) == images[16]


def test_heavy_images_are_left_out_but_one() -> None:
    heavy = [bytes([number]) * (40 << 20) for number in range(3)]
    assert [len(sample.image) for sample in choose([*heavy, b"light"], {})] == [40 << 20, 5]
    assert len(choose(heavy[:1], {})) == 1
    assert choose([], scored([b"x"])) == []


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    scores = np.array([0.1, 0.9], np.float32)
    job = Job("/model", ["a", "浴室"], [Sample(b"\xff", scores), Sample(b"")], (1, 3), 5, 1e-4, 9.0)
    job.write(tmp_path)
    read = Job.read(tmp_path)
    assert (read.model, read.labels, read.batches) == ("/model", ["a", "浴室"], [1, 3])
    assert (read.requests, read.tolerance, read.seconds) == (5, 1e-4, 9.0)
    assert [sample.image for sample in read.samples] == [b"\xff", b""]
    assert read.samples[1].scores is None
    assert read.samples[0].scores is not None
    np.testing.assert_array_equal(read.samples[0].scores, scores)


def test_where_no_docker_daemon_answers_the_reason_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    problem = docker_problem()
    assert problem is not None
    assert "\n" not in problem
    assert problem.startswith("infra.validator is docker, but no Docker daemon answers here (")
    assert problem.endswith("start one, or use validator: process")
