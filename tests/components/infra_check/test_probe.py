"""The checks on real models, in this process; ``test_check`` runs them in another."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.infra_check import report
from components.infra_check.checks import answer_problems, difference
from components.infra_check.client import Answer
from components.infra_check.job import Job, Sample, Scores
from components.infra_check.measure import milliseconds, percentiles
from components.infra_check.probe import probe
from components.infra_check.report import Report, Reporter
from components.records.infra import CheckRecord
from modules import model_layout, warmup
from tests.components.infra_check import small_servables as small


def told(folder: Path, model: str, samples: list[Sample] | None = None) -> Report:
    known = [Sample(image, small.expected(image)) for image in small.images()]
    job = Job(
        model=model,
        labels=small.LABELS,
        samples=known if samples is None else samples,
        batches=(1, 3, 7, 33),
        requests=6,
        tolerance=1e-4,
        seconds=60.0,
    )
    probe(job, Reporter(folder))
    return report.read(folder)


def problems_of(report: Report) -> dict[str, str]:
    return {check.name: check.problems[0] for check in report.checks if check.problems}


def test_a_good_model_passes_every_check_and_is_measured(tmp_path: Path) -> None:
    model = small.save(tmp_path / "model")
    warmup.write(small.images()[:3], Path(model))
    messages = told(tmp_path, model)
    assert [one.name for one in messages.checks] == [
        "loaded", "warm-up", "grpc", "rest", "batches", "broken bytes", "parity", "latency",
    ]  # fmt: skip
    assert problems_of(messages) == {}
    assert messages.whole
    assert "2 requests" in messages.checks[1].detail
    parity, latency = messages.measured["parity"], messages.measured["latency_ms"]
    assert (parity["images"], parity["tolerance"]) == (5, 1e-4)
    assert 0 <= parity["max_difference"] < 1e-5
    assert 0 < latency["p50"] <= latency["p99"]
    assert latency["requests"] == 6
    assert 0 < messages.measured["memory_mb"]["loaded"] <= messages.measured["memory_mb"]["peak"]


@pytest.mark.parametrize(
    ("score", "check", "problem"),
    [
        (small.not_numbers, "grpc", "not finite"),
        (small.not_shares, "grpc", "add up to 1"),
        (small.forgiving, "broken bytes", "given a label instead of an error"),
        (small.of_the_batch, "batches", "in a batch of 3, scores differ"),
    ],
)
def test_a_model_that_answers_wrongly_is_found_out(
    tmp_path: Path, score: small.Scorer, check: str, problem: str
) -> None:
    problems = problems_of(told(tmp_path, small.save(tmp_path / "model", score)))
    assert problem in problems[check]


def test_an_error_of_tensorflow_is_told_by_its_cause_alone(tmp_path: Path) -> None:
    model = small.save(tmp_path / "model", small.of_one_image, parts=False)
    problems = problems_of(told(tmp_path, model))
    cause = r"Shape of tensor \S+ \[3,3\] is not compatible with expected shape \[1,3\]\."
    assert re.fullmatch(rf"batches: Refused: INVALID_ARGUMENT: {cause}", problems["batches"])
    assert re.search(cause, problems["rest"])
    assert not any("\\x0a" in one or "Graph execution" in one for one in problems.values())


def test_a_label_of_another_class_is_told_by_both_names(tmp_path: Path) -> None:
    problems = problems_of(told(tmp_path, small.save(tmp_path / "model", mislabelled=True)))
    assert "not the one of the highest score: it is '" in problems["grpc"]


def test_scores_that_the_evaluator_did_not_see_are_a_problem(tmp_path: Path) -> None:
    samples = [Sample(image, small.expected(image)) for image in small.images()]
    other = small.expected(samples[2].image) + np.array([0.01, 0, -0.01], np.float32)
    samples[2] = Sample(samples[2].image, other)
    messages = told(tmp_path, small.save(tmp_path / "model"), samples)
    assert list(problems_of(messages)) == ["parity"]
    assert "differ by up to 0.01" in problems_of(messages)["parity"]
    assert messages.measured["parity"]["max_difference"] == pytest.approx(0.01, rel=1e-3)


def test_no_image_in_common_with_the_evaluator_is_a_problem(tmp_path: Path) -> None:
    samples = [Sample(image) for image in small.images()]
    messages = told(tmp_path, small.save(tmp_path / "model"), samples)
    assert "cannot be compared" in problems_of(messages)["parity"]
    assert messages.measured["parity"]["images"] == 0


def test_what_cannot_be_loaded_is_told_and_ends_the_checks(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"\x00no graph\x1b[31m")
    messages = told(tmp_path, str(tmp_path / "model"))
    assert list(problems_of(messages)) == ["loaded"]
    assert messages.checks[-1].problems[0].isprintable()
    assert messages.whole


def test_a_model_without_the_serving_signature_is_told(tmp_path: Path) -> None:
    module = tf.Module()
    module.call = tf.function(lambda x: x, input_signature=[small.STRINGS])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"other": module.call})
    problem = problems_of(told(tmp_path, str(tmp_path / "model")))["loaded"]
    assert '"serving_default" not found' in problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"no records " * 9, "DataLossError"), ("no image", "InvalidArgumentError")],
)
def test_a_warm_up_that_fails_keeps_a_model_from_being_served(
    tmp_path: Path, content: bytes | str, problem: str
) -> None:
    model = small.save(tmp_path / "model")
    if isinstance(content, bytes):
        (Path(model) / model_layout.WARMUP_REQUESTS).write_bytes(content)
    else:
        warmup.write([content.encode()], Path(model))
    messages = told(tmp_path, model)
    assert problem in problems_of(messages)["warm-up"]
    assert [one.name for one in messages.checks] == ["loaded", "warm-up"]


def test_more_warm_up_requests_than_tensorflow_serving_takes_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = small.save(tmp_path / "model")
    warmup.write(small.images()[:2], Path(model))
    monkeypatch.setattr(warmup, "MAX_RECORDS", 1)
    assert "more than 1 warm-up" in problems_of(told(tmp_path, model))["warm-up"]


def good() -> Scores:
    return np.array([[0.25, 0.75, 0.0], [0.9, 0.1, 0.0]], np.float32)


@pytest.mark.parametrize(
    ("corrupt", "problem"),
    [
        (lambda s: s, None),
        (lambda s: s[:1], "shape"),
        (lambda s: s[:, :2], "shape"),
        (lambda s: s * np.nan, "not finite"),
        (lambda s: s * 2, "add up to 1"),
        (lambda s: s[:, [1, 0, 2]], r"it is 'g\x0a', not 'r'"),
    ],
)
def test_an_answer_is_judged_in_every_respect(
    corrupt: Callable[[Scores], Scores], problem: str | None
) -> None:
    problems = answer_problems(Answer(corrupt(good()), ("g\n", "r")), ["r", "g\n", "b"], 2)
    assert problems == [] if problem is None else problem in problems[0]


def test_scores_that_are_no_numbers_differ_from_all() -> None:
    one = np.array([[1.0, np.nan]], np.float32)
    assert difference(one, one) == float("inf")
    assert difference(good(), good()[:1]) == float("inf")
    assert difference(good()[:0], good()[:0]) == 0


def test_percentiles_are_those_of_the_times() -> None:
    assert percentiles([1.0] * 98 + [2.0, 102.0]) == {"p50": 1.0, "p99": 3.0}


def test_a_slow_model_is_timed_by_fewer_requests_and_at_least_one() -> None:
    assert len(milliseconds([lambda: None] * 5, 0.0)) == 1
    assert len(milliseconds([lambda: None] * 5, 60.0)) == 5


def test_a_report_that_was_cut_off_tells_what_came_before(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path)
    assert reporter.check("one", lambda: ([], "fine"))
    assert not reporter.check("two", lambda: ([str(1 / 0)], ""))
    reporter.measured("load_seconds", 1.5)
    with (tmp_path / "report.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"doing": "three"}\n{"done": ["thr')
    report_read = report.read(tmp_path)
    assert [check.as_record() for check in report_read.checks] == [
        CheckRecord(name="one", passed=True, detail="fine"),
        CheckRecord(name="two", passed=False, detail="two: ZeroDivisionError: division by zero"),
    ]
    assert (report_read.doing, report_read.whole, report_read.measured) == (
        "three",
        False,
        {"load_seconds": 1.5},
    )
