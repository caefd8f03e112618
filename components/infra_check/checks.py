"""What is asked of a served model, and what is wrong with its answers."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from components.infra_check.client import Answer, Client, Refused
from components.infra_check.job import Job, Scores
from components.infra_check.report import CheckResult
from modules.text import clipped

_HEADER = 16  # bytes of a file that say what it is, and hold no image yet
_CANCELLED = {"CANCELLED", "499"}  # by gRPC's name and HTTP's number
_ATTEMPTS = 10


def answer_problems(answer: Answer, labels: Sequence[str], count: int) -> list[str]:
    """What is wrong with an answer to ``count`` images; empty for a good one."""
    shape = (count, len(labels))
    if answer.scores.shape != shape or len(answer.labels) != count:
        got = f"{list(answer.scores.shape)} and {len(answer.labels)} labels"
        return [f"scores have the shape {got}, not {list(shape)} and {count}"]
    if not np.isfinite(answer.scores).all():
        return ["some scores are not finite"]
    if not np.allclose(answer.scores.sum(axis=1), 1.0, atol=1e-3):
        return ["the scores of an image do not add up to 1"]
    for got, best in zip(answer.labels, answer.scores.argmax(axis=1), strict=True):
        if got != labels[best]:
            return [
                f"a label is not the one of the highest score: it is '{clipped(got)}', not "
                f"'{clipped(labels[best])}'"
            ]
    return []


def difference(first: Scores, second: Scores) -> float:
    """The largest difference between scores of the same images; infinite if one is not finite."""
    if first.shape != second.shape:
        return float("inf")
    largest = float(np.abs(first - second).max(initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def grpc(client: Client, job: Job) -> CheckResult:
    """One image through gRPC."""
    answer = client.by_grpc([job.samples[0].image])
    return answer_problems(answer, job.labels, 1), f"{len(job.labels)} scores and a label"


def rest(client: Client, job: Job) -> CheckResult:
    """A few images in both forms of the REST API, and through gRPC."""
    images = [sample.image for sample in job.samples[:3]]
    expected = client.by_grpc(images).scores
    problems: list[str] = []
    for named in (False, True):
        answer = client.by_rest(images, named=named)
        problems += answer_problems(answer, job.labels, len(images))
        if not problems and difference(answer.scores, expected) > job.tolerance:
            problems.append("REST gives other scores than gRPC")
    return problems[:1], f"{len(images)} images in both forms"


def batches(client: Client, job: Job) -> CheckResult:
    """In batches of all sizes each image gets its own scores; an empty batch gets none.

    The REST API takes no empty batch.
    """
    cheapest = sorted((sample.image for sample in job.samples), key=len)
    alone = np.concatenate([client.by_grpc([image]).scores for image in cheapest])
    for size in job.batches:
        places = np.arange(size) % len(cheapest)
        answer = client.by_grpc([cheapest[place] for place in places])
        problems = answer_problems(answer, job.labels, size)
        if problems:
            return [f"in a batch of {size}: {problems[0]}"], ""
        if (largest := difference(answer.scores, alone[places])) > job.tolerance:
            return [f"in a batch of {size}, scores differ by {largest:.2g} from an image's own"], ""
    empty = client.by_grpc([])
    problems = answer_problems(empty, job.labels, 0)
    sizes = ", ".join(map(str, [0, *job.batches]))
    return [f"in an empty batch: {problem}" for problem in problems], f"of {sizes} images"


def broken_bytes(client: Client, job: Job) -> CheckResult:
    """Bytes that are no image are refused, alone and among good ones; later requests go well."""
    good = job.samples[0].image
    broken = [b"no image", b"", good[:_HEADER]]
    before = client.by_grpc([good]).scores
    for content in broken:
        for images in ([content], [good, content, good]):
            problem = _answered(partial(client.by_grpc, images), "INVALID_ARGUMENT")
            problem = problem or _answered(partial(client.by_rest, images), "400")
            if problem:
                return [problem], ""
    if difference(client.by_grpc([good]).scores, before) > job.tolerance:
        return ["a good image after broken bytes gets other scores than before"], ""
    return [], f"{len(broken)} kinds, alone and among good ones"


def _answered(ask: Callable[[], Answer], code: str) -> str:
    """What is wrong with how a request is refused; empty where nothing is.

    TensorFlow decodes the images of a request side by side. When one fails, it cancels the others,
    and on a busy machine it sometimes reports the cancellation instead of its cause. A client that
    asks again gets the cause, and so does this check.
    """
    refusal = ""
    for _ in range(_ATTEMPTS):
        try:
            ask()
        except Refused as error:
            if error.code == code:
                return ""
            refusal = f"bytes that are no image are answered with {error}, not {code}"
            if error.code not in _CANCELLED:
                return refusal
        else:
            return "bytes that are no image were given a label instead of an error"
    return refusal


def parity(client: Client, job: Job) -> tuple[CheckResult, dict[str, float | None]]:
    """The same bytes, served, give the scores that the Evaluator saw.

    Returns:
        What is wrong, and ``images``, ``max_difference``, ``tolerance``.
    """
    known = [(sample.image, sample.scores) for sample in job.samples if sample.scores is not None]
    if not known:
        problem = (
            "none of the Evaluator's images is in the test split, so that its scores cannot be "
            "compared with those that are served; run it again"
        )
        return ([problem], ""), {"images": 0, "max_difference": None, "tolerance": job.tolerance}
    largest = max(
        difference(client.by_grpc([image]).scores, scores[np.newaxis]) for image, scores in known
    )
    numbers = {
        "images": len(known),
        "max_difference": largest if np.isfinite(largest) else None,
        "tolerance": job.tolerance,
    }
    problem = (
        f"served scores differ by up to {largest:.3g} from those that the Evaluator saw, and "
        f"infra.tolerance allows {job.tolerance:g}; what is served is not what was evaluated"
    )
    problems = [problem] if largest > job.tolerance else []
    return (problems, f"{len(known)} images, at most {largest:.2g} apart"), numbers
