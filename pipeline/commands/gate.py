"""``thaw gate``: judges two models on a config's test images, without running the pipeline."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.image_example_gen import listing_file, span_splits
from components.image_example_gen.golden_set import Names
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.listing_file import DigestedListing
from components.image_example_gen.sources import further_features, list_all, spans
from components.image_example_gen.split_assignment import SplitAssignment
from components.records import spans as registry
from components.records import split_book
from components.records.base import Record
from components.records.gate import GateRecord
from components.records.infra import InfraRecord
from components.window.selection import EXAMPLES, select
from modules import features, model_layout
from modules.errors import InputError
from modules.settings import Ingest
from modules.text import printable_lines
from pipeline import golden as golden_set
from pipeline import preflight
from pipeline.configuration import places
from pipeline.configuration.config import Config
from pipeline.state.root import Root


class Judgement(Record):
    """The gate's verdict on a candidate, as in a run's summary."""

    gate: GateRecord
    """The gate's verdict."""
    infra: InfraRecord
    """Whether the candidate can be served."""


def judge(config: Config, candidate: Path, baseline: Path | None) -> Judgement:
    """Judges a candidate as a run would: evaluation, infra check, every rule.

    Args:
        config: the configuration of test images and rules.
        candidate: a SavedModel's folder.
        baseline: likewise; None for the served version.

    Raises:
        InputError: when a folder holds no model of Thaw's, or the images or a plug-in cannot be
            used.
    """
    for option, folder in (("--candidate", candidate), ("--baseline", baseline)):
        if folder is not None and not model_layout.is_saved_model(folder):
            raise InputError(
                f"{option}: {folder} holds no {model_layout.SAVED_MODEL}; give a version's folder"
            )
        if folder is not None:
            places.check_no_pattern(option, folder.absolute())
    preflight.find_plugins(config, {**config.data.plugins, **config.evaluation.plugins})
    places.check_no_pattern("TMPDIR", tempfile.gettempdir())
    # Told before the seconds that the imports take.
    of_window = window_test_split(config) if config.data.window else []
    if not of_window:
        list_all(config.data.ingest())
    golden = golden_set.listed(config)

    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from components.baseline.selection import choose
    from components.evaluator.evaluate import evaluate
    from components.gate.judge import judge_candidate
    from components.records import evaluation as evaluation_record
    from components.records.baseline import BaselineChoice
    from components.records.evaluation import write_compared
    from components.serving.compatibility import problem_of
    from pipeline import plugin_checks
    from pipeline.domains import removed_labels
    from pipeline.schema import check_slices, columns_of_window, schema_text

    plugin_checks.check_gate(config.evaluation)
    problem = problem_of(candidate)
    if problem:
        raise InputError(f"--candidate: {candidate} cannot be judged: {problem}; give another")
    choice = choose(config.serving_dir, "")
    if baseline is not None:
        choice = BaselineChoice(None, str(baseline.absolute()), f"compared with {baseline}")
    columns = (
        columns_of_window(config, Root(config.root).spans)
        if config.data.window
        else further_features(config.data.ingest())
    )
    check_slices(config, columns)
    schema = schema_text(config, columns)
    with tempfile.TemporaryDirectory(prefix="thaw-gate-") as name:
        images, evaluation = Path(name, "images"), Path(name, "evaluation")
        patterns = of_window or [write_test_split(config, images)]
        compared = evaluate(
            _pipelines(config),
            patterns=patterns,
            schema=text_format.Parse(schema, schema_pb2.Schema()),
            candidate=str(candidate.absolute()),
            choice=choice,
            options=config.evaluation,
            folder=evaluation,
            golden=write_golden(golden, config, Path(name, "golden")) if golden else "",
        )
        if golden:
            evaluation_record.write_golden(evaluation, golden.fingerprint)
        write_compared(evaluation, compared)
        infra = _infra(config, candidate, patterns, evaluation)
        verdict = judge_candidate(
            str(evaluation), infra, config.evaluation, removed=removed_labels(config)
        )
    return Judgement(gate=GateRecord.model_validate(verdict.as_json()), infra=infra)


def write_test_split(config: Config, folder: Path) -> str:
    """Writes the records of the test split, as ExampleGen does, and returns their pattern."""
    options = config.data.ingest().model_copy(update={"earlier": None})
    decided = splits_of(Root(config.root), options, golden_set.names(config))
    files = [file for file in decided.files if file.split in (None, features.TEST)]
    if not _write(files, features.TEST, folder, decided.shares, options):
        raise InputError(
            f"data.path: {config.data.path} holds no test image that can be used; add images"
        )
    return f"{folder}/*"


def window_test_split(config: Config) -> list[str]:
    """The patterns of the records of the window's test images, which earlier runs have written.

    Raises:
        InputError: when no span was accepted.
    """
    assert config.data.window is not None
    root = Root(config.root)
    selection = select(registry.read(root.spans), config.data.window)
    if not selection.whole:
        raise InputError(
            f"data.window: {root.path} has no accepted span, so there is no test image to judge "
            "by; thaw run takes spans in, and thaw spans shows what became of each"
        )
    return [
        f"{folder}/Split-{features.TEST}/*" for folder in selection.artifacts(EXAMPLES, root.path)
    ]


def write_golden(golden: DigestedListing, config: Config, folder: Path) -> str:
    """Writes the records of the golden set, and returns their pattern."""
    options = config.golden_ingest
    assert options is not None
    _write(golden.files, features.GOLDEN, folder, {}, options)
    return f"{folder}/*"


def _write(
    files: Sequence[ImageFile],
    split: str,
    folder: Path,
    shares: Mapping[str, float],
    options: Ingest,
) -> int:
    """Writes the records of a split; returns how many there are."""
    from components.image_example_gen import records

    folder.mkdir(parents=True)
    count = 0
    for number, chunk in enumerate(records.chunks(files)):
        report = records.write_chunk(chunk, {split: str(folder)}, shares, options, number)
        count += sum(n for (of, _), n in report.counts.items() if of == split)
    return count


def splits_of(root: Root, options: Ingest, golden: Names | None = None) -> SplitAssignment:
    """Every image's split, as the next run would have it.

    Args:
        root: of the config.
        options: of ImageExampleGen.
        golden: the images that go to no split.
    """
    place, shares = spans.find(options), options.splits.shares()
    options = place.options(options)
    if place.span is None and not golden:
        return span_splits.assign(list_all(options), shares, None, split_book.SplitBook())
    # All contents must be known: by these, earlier spans and the golden set decide.
    listing = listing_file.take(options, listing_file.read(root.listing))
    return span_splits.assign(
        listing.files, shares, place.span, split_book.read(root.split_book), golden
    )


def _pipelines(config: Config) -> Callable[[], Any]:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    return lambda: beam.Pipeline(options=PipelineOptions(config.beam.pipeline_args()))


def _infra(
    config: Config, candidate: Path, patterns: Sequence[str], evaluation: Path
) -> InfraRecord:
    from components.infra_check import samples
    from components.infra_check.subprocess_check import check
    from modules.gate.predictions import read_scores
    from modules.images import encoded

    known = read_scores(str(evaluation), samples.COUNT)
    chosen = samples.choose(encoded.read(patterns), known)
    return check(str(candidate.absolute()), chosen, config.infra).as_record()


def as_text(judgement: Judgement) -> str:
    """Formats the verdict and its rules for people; rules by class only if they are broken."""
    lines = [judgement.gate.sentence, ""]
    for rule in judgement.gate.rules:
        if rule.passed and rule.slice:
            continue
        where = f" ({rule.slice})" if rule.slice else ""
        remedy = f"; {rule.remedy}" if rule.remedy else ""
        lines.append(f"{'ok' if rule.passed else 'NO':<3}{rule.name}{where}: {rule.reason}{remedy}")
    latency = judgement.infra.latency_ms
    if latency:
        lines.append("")
        lines.append(f"serves an image in {latency.p50:.1f} ms, 99 of 100 in {latency.p99:.1f} ms")
    return printable_lines(lines)
