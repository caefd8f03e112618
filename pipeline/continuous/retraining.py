"""``thaw retrain``: scans the data, ingests new spans, decides, and trains if that is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from components.records import spans
from components.records.spans import SpanRecord
from components.records.summary import Summary
from modules.errors import InputError
from pipeline.configuration.config import Config
from pipeline.continuous.decision import decisions
from pipeline.continuous.decision.decide import decide, of_invalid_span
from pipeline.continuous.decision.decisions import Decision
from pipeline.continuous.decision.situation import Situation, gather
from pipeline.continuous.spans.ingest import (
    check_none_is_invalid,
    ingest_spans,
    invalid_before,
    window_size,
)
from pipeline.continuous.spans.kept_data import scan_with_root
from pipeline.continuous.spans.scan import Scan, keep_listings, window_of
from pipeline.runners.begin import Run, begun, failures_in_words, held
from pipeline.runners.local import complete
from pipeline.state.root import Root


@dataclass(frozen=True)
class Outcome:
    """What `thaw retrain` did.

    Attributes:
        decision: whether to train, and why.
        summary: of the run; None where none was due.
    """

    decision: Decision
    summary: Summary | None = None


def retrain(
    config: Config, say: Callable[[str], None], *, verbose: bool = False, cold: bool = False
) -> Outcome:
    """Ingests what is new, decides whether to train, enters the decision, and trains if it is due.

    The root is held from the scan to the end. Where nothing is new and nothing is due, there
    is no run, and neither TensorFlow nor TFX is imported.

    Args:
        config: with a window.
        say: takes a line for the user that has nothing to do with the decision.
        verbose: shows TFX's log.
        cold: starts the training from the pretrained backbone, whatever is served.

    Raises:
        InputError: when the config or the data is wrong; where a span was invalid, a decision says
            so.
        Exception: as ``local.run``.
    """
    window_of(config)
    with held(config) as about_root:
        root = Root(config.root)
        for line in filter(None, (about_root, _repaired(root))):
            say(line)
        records = spans.read(root.spans)
        scan = scan_with_root(config, records)
        keep_listings(config, scan)
        if not scan.to_ingest:
            decision = _decided(config, scan, records)
            if decision.answer == "no":
                _enter(root, decision)
                return Outcome(decision)
        with begun(config, verbose=verbose, cold=cold) as run:
            return _run(run, scan)


def dry_run(config: Config) -> Decision:
    """What ``retrain`` would decide, as far as that is known before spans are ingested.

    Writes nothing, and does not wait for a run that holds the root.

    Raises:
        InputError: as ``retrain``.
    """
    window_of(config)
    records = spans.read(Root(config.root).spans)
    scan = scan_with_root(config, records)
    check_none_is_invalid(
        [f"span {span.number}: {span.problem}" for span in scan.to_ingest if span.problem]
    )
    check_none_is_invalid(invalid_before(scan, records))
    return decide(_situation(config, scan, records, is_dry=True), config.retrain.when)


def _run(run: Run, scan: Scan) -> Outcome:
    """Ingests what is new, decides, and trains if that is due."""
    config = run.config
    with failures_in_words(run):
        try:
            records = ingest_spans(run, scan)
        except InputError as error:
            situation = _situation(config, scan, spans.read(run.root.spans))
            _enter(run.root, of_invalid_span(situation, str(error)))
            raise
        decision = _decided(config, scan, records)
        if decision.answer == "yes":
            decision = decision.model_copy(update={"run_id": run.run_id})
            run.display.say(decision.sentence)
        _enter(run.root, decision)
    if decision.answer == "no":
        return Outcome(decision)
    return Outcome(decision, complete(run, ingest=lambda run: window_size(run, records)))


def _decided(config: Config, scan: Scan, records: Mapping[int, SpanRecord]) -> Decision:
    """The decision once all that is new has been ingested; raises where a span is invalid."""
    situation = _situation(config, scan, records)
    try:
        check_none_is_invalid(invalid_before(scan, records))
    except InputError as error:
        _enter(Root(config.root), of_invalid_span(situation, str(error)))
        raise
    return decide(situation, config.retrain.when)


def _situation(
    config: Config, scan: Scan, records: Mapping[int, SpanRecord], *, is_dry: bool = False
) -> Situation:
    return gather(
        config,
        records,
        datetime.now(timezone.utc),
        to_ingest=[span.number for span in scan.to_ingest] if is_dry else (),
        before_window=scan.before_window,
    )


def _repaired(root: Root) -> str:
    """As ``decisions.repair``; raises as ``Root.held``."""
    try:
        return decisions.repair(root.decisions)
    except OSError as error:
        raise root.unwritable(error) from None


def _enter(root: Root, decision: Decision) -> None:
    """Adds the decision to the root's; raises as ``Root.held``."""
    try:
        decisions.append(root.decisions, decision)
    except OSError as error:
        raise root.unwritable(error) from None
