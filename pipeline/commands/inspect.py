"""``thaw inspect``: a backbone's blocks, and what a schedule would train of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from components.records.base import Record
from modules.text import printable, printable_lines
from pipeline import preflight
from pipeline.configuration import handles, loading
from pipeline.configuration.config import BackboneOptions

if TYPE_CHECKING:  # TensorFlow comes with them.
    from modules.finetune.schedule import PlannedStage
    from pipeline.preparation import Prepared


class Input(Record):
    """The size of a backbone's images, in pixels; a side of any length is null."""

    height: int | None
    width: int | None
    channels: int | None


class Block(Record):
    """One block of a backbone."""

    name: str
    """The block's name, which `unfreeze: {match: ...}` searches."""
    layers: tuple[str, ...]
    """The names of its layers."""
    variables: tuple[str, ...]
    """The full names of its variables that can be trained."""
    parameters: int
    """How many numbers these variables hold."""
    batch_norm: int
    """How many of its layers are BatchNorm."""


class StagePlan(Record):
    """What a stage would train, and what it would cache of each image."""

    name: str
    """The stage's name."""
    blocks: tuple[str, ...]
    """The names of the blocks that it unfreezes."""
    parameters: int
    """How many numbers of the backbone it trains."""
    cache: Literal["embeddings", "activations", "none"]
    """Which output of the frozen part it would keep."""
    cache_reason: str
    """Why that output, or none."""
    kb_per_image: float
    """How large that is for each image, in units of 1024 bytes."""


class Inspection(Record):
    """A backbone, and what a config's stages would train of it."""

    sha256: str
    """The digest of the module's files, for `backbone.sha256`."""
    input: Input
    """The images that it takes."""
    output_dim: int
    """How many numbers it gives for each image."""
    entry: str
    """The output that is taken where there are several; empty where there is one."""
    notes: tuple[str, ...]
    """Sentences on what a person should know of it."""
    blocks: tuple[Block, ...]
    """Its blocks, in the order in which the data flows."""
    stages: tuple[StagePlan, ...]
    """The config's stages; empty for a handle."""
    warm_stages: tuple[StagePlan, ...] = ()
    """The stages of a training that starts from a served version; empty unless the config asks for
    it."""


def inspect(target: str, overrides: Sequence[str] = (), root: Path | None = None) -> Inspection:
    """Inspects a config's backbone, or a backbone by its handle.

    Args:
        target: a config, a SavedModel's folder, an address, or a name of ``thaw backbones``.
        overrides: as for ``loading.load``; only for a config.
        root: likewise.

    Raises:
        InputError: when the config is wrong or the backbone cannot be used.
    """
    is_config = loading.is_config(target)
    config = loading.load(Path(target), overrides, root) if is_config else None
    if config is not None:
        preflight.find_plugins(config)
    options = config.backbone if config is not None else _options(target)
    handles.check(options.handle, options.allowed or ())
    # TensorFlow is imported here: a mistake in the config is told without it.
    from pipeline.preparation import prepare, prepare_config

    prepared = prepare_config(config) if config is not None else prepare(options)
    backbone = prepared.backbone
    return Inspection(
        sha256=backbone.sha256,
        input=Input(height=backbone.height, width=backbone.width, channels=backbone.channels),
        output_dim=backbone.output_dim,
        entry=backbone.entry,
        notes=tuple(prepared.notes),
        blocks=tuple(
            Block(
                name=block.name,
                layers=tuple(block.layers),
                variables=tuple(block.variable_names),
                parameters=block.parameters,
                batch_norm=block.batch_norm,
            )
            for block in prepared.blocks
        ),
        stages=tuple(_plan_of(prepared, stage) for stage in prepared.stages),
        warm_stages=tuple(_plan_of(prepared, stage) for stage in prepared.warm_stages),
    )


def _options(handle: str) -> BackboneOptions:
    named = {"handle": handle}
    handles.fill(named)
    return BackboneOptions.model_validate(named)


def _plan_of(prepared: "Prepared", stage: "PlannedStage") -> StagePlan:
    from modules.finetune.cache_plan import plan_cache
    from modules.finetune.schedule import describe
    from modules.images.feature_cache import row_bytes

    plan = plan_cache(prepared.backbone, prepared.image, stage, prepared.blocks)
    weight = row_bytes(plan.cut.rows) / 1024 if plan.cut else 0.0
    kept = {
        "cache": plan.kind,
        "cache_reason": plan.reason,
        "kb_per_image": round(weight, 1),
    }
    return StagePlan.model_validate({**describe(stage, prepared.blocks), **kept})


def as_text(inspection: Inspection) -> str:
    """Formats the inspection for people."""
    size = inspection.input
    sides = " x ".join(str(side or "any") for side in (size.height, size.width, size.channels))
    lines = [
        f"takes {sides}, gives {inspection.output_dim} numbers"
        + (f" (its output {inspection.entry})" if inspection.entry else ""),
        f"sha256 {inspection.sha256}",
        *inspection.notes,
        "",
        f"{'block':<32} {'variables':>9} {'parameters':>11} {'BatchNorm':>9}",
    ]
    lines += [
        f"{printable(block.name):<32} {len(block.variables):>9} {block.parameters:>11,} "
        f"{block.batch_norm:>9}"
        for block in inspection.blocks
    ]
    titled = [
        *(("stage", stage) for stage in inspection.stages),
        *(("stage of a warm start", stage) for stage in inspection.warm_stages),
    ]
    for title, stage in titled:
        names = ", ".join(stage.blocks) or "the head alone"
        lines += ["", f"{title} {stage.name}: {stage.parameters:,} parameters: {names}"]
        kept = f"keeps {stage.cache}, {stage.kb_per_image:,} kB an image"
        kept = kept if stage.cache != "none" else "keeps nothing but pixels"
        lines.append(f"  {kept}: {stage.cache_reason}")
    return printable_lines(lines)
