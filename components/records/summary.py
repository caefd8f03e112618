"""The summary's form, which other programs rely on."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from modules.text import as_json

SUMMARY_FILE = "summary.json"
RECORD_FILE = "record.json"  # of a run that is under way: what ``Summary.run`` will be

Status = Literal["pushed", "rejected", "unchanged", "failed"]


class Summary(BaseModel):
    """What a run did.

    Attributes:
        run_id: names the run.
        status: ``pushed``; ``rejected`` by the gate or the infra check; ``unchanged``, when the
            model is the one that was pushed before; ``failed``.
        error: why it failed, in one line.
        model_version: the version that was pushed, by this run or, when nothing has changed, by
            the one that made the model.
        serving_dir: the folder of the versions.
        labels: sorted; the index is the class.
        metrics: ``candidate`` and ``baseline``, each ``overall`` and ``by_class``, or null.
        gate: ``verdict`` (blessed, refused or forced); ``sentence``, why; ``n``, the test images;
            ``baseline``: its ``version``, or null, and the ``reason``; ``forced``: ``by`` whom and
            the ``reason``, or null; and ``rules``, each as ``modules.gate.result.RuleResult``.
        infra: ``passed``, ``problems``, and what ``components.infra_check`` measured: latencies,
            memory, size, parity, and the ``checks`` made.
        exports: other forms of the model, each ``kind``, ``file``, ``bytes``, ``images``,
            ``agreement``, ``max_difference``, ``passed`` and ``reason``.
        schedule: ``chosen_by`` (config or auto), the ``facts`` that a choice goes by, and the
            ``stages``, with every key.
        stages: what the schedule did, stage by stage; ``modules.finetune.results`` has the form.
        shipped: which stage ships, with what accuracy on the validation split, and by how much
            it is better than the best one of the pretrained backbone, or the best other one.
        data: ``layout``, how it was read, and ``left_out``, what was passed over, in words;
            ``images`` by split and class; ``bytes_read`` of images, ``bytes_written`` of records;
            ``quarantined``: ``by_reason``, counts, and ``list``, a file of JSON lines of ``path``,
            ``reason`` and ``sha256``; ``one_color``: ``count``, ``colors``, the ``first`` images of
            one colour and their ``list``; ``duplicates``; ``fingerprint``; ``span`` and ``version``
            where the path has some.
        seconds: by component, and ``total``.
        peak_rss_mb: the most memory that the run's process, or one that it started, held.
        versions: of the packages.
        backbone: its ``handle``, without what may be a secret in it, and ``sha256`` of its files.
        run: what it takes to repeat the run, ``thaw run --from`` this file does:
            ``pipeline.record.of_run`` has the form.
        source: fingerprint of Thaw's code.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    run_id: str
    status: Status
    error: str | None = None
    model_version: int | None = None
    serving_dir: str
    labels: list[str] = []
    metrics: dict[str, Any] = {"candidate": None, "baseline": None}
    gate: dict[str, Any] | None = None
    infra: dict[str, Any] | None = None
    exports: list[dict[str, Any]] = []
    schedule: dict[str, Any] | None = None
    stages: list[dict[str, Any]] = []
    shipped: dict[str, Any] | None = None
    data: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    peak_rss_mb: float | None = None
    versions: dict[str, str] = {}
    backbone: dict[str, str] = {}
    run: dict[str, Any] = {}
    source: str = ""

    def as_text(self) -> str:
        """As JSON."""
        return as_json(self.model_dump(), indent=1) + "\n"

    def write(self, *paths: Path) -> None:
        """Writes it as JSON to each of the paths, whole or not at all."""
        text = self.as_text()
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.partial")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)


def read_summary(path: Path) -> Summary | None:
    """A summary that was written before; None where there is none."""
    if not path.is_file():
        return None
    return Summary.model_validate_json(path.read_text(encoding="utf-8"))


def status_of(*, version: str, pushed_by: str, run_id: str) -> Status:
    """What became of a run that went through to its end.

    Args:
        version: the one that holds the model; empty for none.
        pushed_by: the run that pushed it, another one where this run pushed nothing new.
        run_id: this run.
    """
    if not version:
        return "rejected"
    return "pushed" if pushed_by == run_id else "unchanged"
