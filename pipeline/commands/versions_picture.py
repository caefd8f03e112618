"""Draws the golden accuracy of all versions that were pushed."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from modules.errors import InputError
from pipeline.commands.versions import GoldenAccuracy, PushedVersion

_ENDINGS = (".png", ".svg")
_WIDTH, _HEIGHT, _DPI = 8.0, 5.0, 150  # inches, and pixels in each
_PER_VERSION = 0.45  # inches, where there are many
_KEPT, _WITHDRAWN = "#1f4e79", "#c0392b"


def check_ending(path: Path) -> None:
    """Refuses a file of another kind than those that can be drawn, before anything is read.

    Raises:
        InputError: which names the endings.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise InputError(
            f"--picture: got {path}, must end in {' or '.join(_ENDINGS)}; name another file"
        )


def draw(rows: Sequence[PushedVersion], path: Path) -> None:
    """Draws each version's accuracy with its interval, and writes the picture.

    Versions of the same golden set are joined by a line; those of different sets cannot be
    compared. Withdrawn versions are marked, as is the one that is served. The user's own style for
    Matplotlib is ignored.

    Args:
        rows: of ``versions.pushed``.
        path: ends in ``.png`` or ``.svg``.

    Raises:
        InputError: when no version has a golden accuracy, or the file cannot be written.
    """
    from matplotlib import style

    with_golden = [(row, row.golden) for row in rows if row.golden]
    if not with_golden:
        raise InputError(
            f"--picture: none of the {len(rows)} versions has a golden accuracy to draw; set "
            "evaluation.golden, and push a version"
        )
    with style.context("default", after_reset=True):
        _draw(with_golden, path)


def _draw(rows: Sequence[tuple[PushedVersion, GoldenAccuracy]], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = max(_WIDTH, _PER_VERSION * len(rows))
    figure = Figure(figsize=(width, _HEIGHT), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    places = list(enumerate(rows))
    for _, of_set in groupby(places, key=lambda place: place[1][1].fingerprint):
        _draw_set(axes, list(of_set))
    kept = [(x, row, golden) for x, (row, golden) in places if not row.withdrawn]
    gone = [(x, row, golden) for x, (row, golden) in places if row.withdrawn]
    _draw_versions(axes, kept, color=_KEPT, marker="o", label="pushed")
    _draw_versions(axes, gone, color=_WITHDRAWN, marker="x", label="withdrawn")
    for x, row, golden in kept:
        if row.serving:
            axes.plot(
                x, golden.accuracy, "o", color="none", markersize=14,
                markeredgecolor=_KEPT, label="served",
            )  # fmt: skip
    axes.set_xticks(range(len(rows)), [_title(row) for row, _ in rows], rotation=45, ha="right")
    sizes = sorted({golden.images for _, golden in rows})
    axes.set(
        xlabel="version, and when it was pushed (UTC)",
        ylabel="golden accuracy, with its interval of 95 %",
        title=f"golden accuracy by version ({' or '.join(map(str, sizes))} images)",
    )
    axes.grid(visible=True, axis="y", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, format=path.suffix.lower().removeprefix("."))
    except OSError as error:
        raise InputError(
            f"--picture: {path} cannot be written ({error.strerror}); name another file"
        ) from None


def _draw_set(
    axes: Any, places: Sequence[tuple[int, tuple[PushedVersion, GoldenAccuracy]]]
) -> None:
    """Joins the versions of one golden set, and marks where it begins."""
    xs = [x for x, _ in places]
    ys = [golden.accuracy for _, (_, golden) in places]
    axes.plot(xs, ys, color=_KEPT, alpha=0.4, linewidth=1.5)
    if xs[0]:
        first = "another golden set" not in axes.get_legend_handles_labels()[1]
        axes.axvline(
            xs[0] - 0.5, color="gray", linestyle="dashed", linewidth=1.0,
            label="another golden set" if first else None,
        )  # fmt: skip


def _draw_versions(
    axes: Any,
    places: Sequence[tuple[int, PushedVersion, GoldenAccuracy]],
    *,
    color: str,
    marker: str,
    label: str,
) -> None:
    if not places:
        return
    scores = [golden for _, _, golden in places]
    below = [max(0.0, score.accuracy - score.interval[0]) for score in scores]
    above = [max(0.0, score.interval[1] - score.accuracy) for score in scores]
    axes.errorbar(
        [x for x, _, _ in places], [score.accuracy for score in scores], yerr=[below, above],
        color=color, marker=marker, linestyle="none", capsize=3, label=label,
    )  # fmt: skip


def _title(row: PushedVersion) -> str:
    """A version's number, and the minute in which it was pushed."""
    pushed = (row.pushed_at or "").removesuffix("Z").replace("T", " ")[:16]
    return f"{row.version}\n{pushed}" if pushed else str(row.version)
