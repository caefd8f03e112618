"""What a run will train, and how it ended, for people."""

import json
from collections.abc import Sequence
from pathlib import Path

from components.image_example_gen import one_color
from components.records.data import DataRecord, paths_of
from components.records.summary import SUMMARY_FILE, Summary
from modules import features
from modules.settings import Finetune, FractionOfBlocks, LastBlocks, MatchingBlocks, Stage
from modules.text import counted, printable_lines, quoted
from pipeline.caching.provenance import versions
from pipeline.configuration import record
from pipeline.configuration.config import Config
from pipeline.state.root import Root, shown


def planned(finetune: Finetune) -> str:
    """A line on the stages that a run will train, before its first node."""
    stages = _in_words(finetune.stages)
    if finetune.schedule == "auto":
        stages = "chosen by the size of the data and of the backbone (schedule: auto)"
    if finetune.warm_start.is_asked_for:
        stages += f"; from the served version, if it fits: {_in_words(finetune.warm_start.stages)}"
    return printable_lines([f"stages: {stages}"])


def _in_words(stages: Sequence[Stage]) -> str:
    return ", ".join(
        f"{stage.name} ({_trained(stage)}, up to {counted(stage.epochs, 'epoch')})"
        for stage in stages
    )


def _trained(stage: Stage) -> str:
    rule = stage.unfreeze
    if isinstance(rule, LastBlocks):
        return "the last block" if rule.last == 1 else f"the last {rule.last} blocks"
    if isinstance(rule, FractionOfBlocks):
        return f"the last {100 * rule.fraction:g} % of the blocks"
    if isinstance(rule, MatchingBlocks):
        return f"the blocks that match {quoted(rule.match, 2)}"
    return "the head alone" if rule == "none" else "all blocks"


def outcome(summary: Summary, config: Config) -> str:
    """A few lines on how a run ended."""
    lines = []
    if summary.status == "pushed":
        lines.append(f"pushed version {summary.model_version} to {shown(summary.serving_dir)}")
    elif summary.status == "unchanged":
        where = shown(summary.serving_dir)
        lines.append(f"unchanged: nothing to do; version {summary.model_version} is in {where}")
    else:
        lines.append("rejected: nothing was pushed")
    if summary.warm_start:
        lines.append(summary.warm_start.sentence)
    if summary.shipped:
        lines.append(f"schedule: {summary.shipped.sentence}")
    if summary.gate:
        when = ", when it was pushed" if summary.status == "unchanged" else ""
        lines.append(f"gate{when}: {summary.gate.sentence}")
    lines += _about_data(summary)
    lines.append(
        f"{summary.seconds['total']:.0f} s, at most {summary.peak_rss_mb:.0f} MB; "
        f"summary: {shown(Root(config.root).summary)}"
    )
    return printable_lines(lines)


def repeated(recorded: record.PastRun, summary: Summary) -> str:
    """A line on whether a repeated run had the data, backbone, packages and code of the first run.

    Args:
        recorded: the first run.
        summary: of the second run.
    """
    differ = record.differences(recorded, summary)
    what = (
        f"these differ from the first run: {'; '.join(differ)}"
        if differ
        else "the data, the backbone, the packages and the code are those of the first run"
    )
    return printable_lines([f"repeated: {what}"])


def upgraded(root: Root) -> str:
    """A line for a run whose packages differ from those of the last run that did not fail.

    Empty if they do not differ, or if there was no such run.
    """
    summaries = sorted(root.path.glob(f"runs/*/{SUMMARY_FILE}"), reverse=True)
    for path in summaries:
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
            succeeded = summary["status"] != "failed"
            changed = record.changes(summary["versions"], versions())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if succeeded:
            return changed and (
                f"packages have changed since run {path.parent.name} ({changed}): "
                "everything is made anew, including the training; the served version stays "
                "(docs/runs.md)"
            )
    return ""


def _about_data(summary: Summary) -> list[str]:
    """Lines on files that were left out, images of one colour, and classes without test images."""
    lines = []
    data = summary.data
    if data.quarantined and data.quarantined.by_reason:
        kinds = data.quarantined.by_reason
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        lines.append(
            f"data: {sum(kinds.values())} could not be used ({counts}); they are listed in "
            f"{', '.join(shown(Path(path)) for path in paths_of(data.quarantined.listed_in))}"
        )
    if data.golden:
        lines.append(
            f"data: {counted(data.golden, 'image')} left out, in the golden set; they are listed "
            "with what could not be used"
        )
    lines += _not_used(data)
    images = data.images or {}
    total = sum(sum(counts.values()) for counts in images.values())
    of_one_color = one_color.line(data.one_color, total) if data.one_color else ""
    if of_one_color:
        lines.append(f"data: {of_one_color}")
    tested = images.get(features.TEST, {})
    unseen = [label for label, count in tested.items() if count == 0]
    if unseen:
        lines.append(
            f"data: the gate cannot judge {', '.join(map(repr, unseen))}: the test split has no "
            "such image; add images"
        )
    return lines


def _not_used(data: DataRecord) -> list[str]:
    """A line on the images of a window that were not used; none if all were."""
    reasons = {
        "a later span has the same bytes": data.repeated,
        "spans have the same bytes under two labels": data.contradicted,
        "no training image of their class is in the window": data.unseen_class,
    }
    counts = [f"{count:,} since {reason}" for reason, count in reasons.items() if count]
    return [f"data: images of the window that were not used: {'; '.join(counts)}"] if counts else []
