"""Draws a range test: the loss over the learning rate."""

from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from modules.errors import InputError
from pipeline.commands.lr_report import RangeTestReport

_SIZE, _DPI = (8.0, 5.0), 150  # inches, and pixels in each
_LOSS, _SUGGESTED, _CONFIGURED = "#1f4e79", "#2e8b57", "#c0392b"


def draw(report: RangeTestReport, path: Path) -> None:
    """Draws a range test, and writes it as a PNG file.

    Single losses are faint and may leave the picture, which is as high as the smoothed losses need.
    The user's own style for Matplotlib is ignored.

    Raises:
        InputError: when the file cannot be written.
    """
    with style.context("default", after_reset=True):
        _draw(report, path)


def _draw(report: RangeTestReport, path: Path) -> None:
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    rates, losses, smoothed = report.rates, report.losses, report.smoothed
    axes.plot(rates, losses, color=_LOSS, alpha=0.4, linewidth=1.0, label="each batch")
    axes.plot(rates, smoothed, color=_LOSS, linewidth=2.5, label="smoothed")
    _mark(axes, report.configured, "configured", _CONFIGURED, "dashed")
    if report.suggested is not None:
        _mark(axes, report.suggested, "suggested", _SUGGESTED, "solid")
    low, high = min(losses), max(smoothed)
    margin = 0.1 * (high - low) or 0.1
    axes.set(
        xscale="log",
        ylim=(max(0.0, low - margin), high + margin),
        xlabel="learning rate",
        ylabel="loss",
        title=f"{Path(report.config).name}, stage {report.stage}: range test",
    )
    axes.grid(visible=True, which="major", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise InputError(
            f"--picture: {path} cannot be written ({error.strerror}); name another file"
        ) from None


def _mark(axes: Any, rate: float, name: str, color: str, style: str) -> None:
    axes.axvline(rate, color=color, linestyle=style, linewidth=1.5, label=f"{name}: {rate:.2g}")
