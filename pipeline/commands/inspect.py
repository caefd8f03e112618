"""What a backbone is made of, and what a schedule would train of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modules.text import printable, printable_lines
from pipeline import handles, loading
from pipeline.config import BackboneOptions

if TYPE_CHECKING:  # TensorFlow comes with them.
    from modules.finetune.schedule import PlannedStage
    from pipeline.preparation import Prepared


def inspect(target: str, overrides: Sequence[str] = (), root: Path | None = None) -> dict[str, Any]:
    """Looks into a config's backbone, or into one by its handle.

    Args:
        target: a config, a SavedModel's folder, an address, or a name of ``thaw backbones``.
        overrides: as for ``loading.load``; only for a config.
        root: likewise.

    Returns:
        ``sha256`` (of the module's files, for ``backbone.sha256``), ``input`` (height, width,
        channels; null for a free side), ``output_dim``, ``entry`` (of several outputs, the one that
        is taken; empty for a single one), ``notes`` (sentences), ``blocks`` (in the order of the
        data: ``name``, ``layers``, ``variables``, the full names of those that can be trained,
        ``parameters``, ``batch_norm``) and ``stages`` (``name``, ``blocks``, ``parameters`` of the
        backbone, ``cache``, ``cache_reason``, ``kb_per_image``: what of each image it would keep,
        and why); no stages for a handle.

    Raises:
        InputError: when the config is wrong or the backbone cannot be used.
    """
    is_config = loading.is_config(target)
    config = loading.load(Path(target), overrides, root) if is_config else None
    options = config.backbone if config is not None else _options(target)
    handles.check(options.handle, options.allowed or ())
    # TensorFlow is imported here: a mistake in the config is told without it.
    from modules.finetune import schedule
    from pipeline.preparation import prepare, prepare_config

    prepared = prepare_config(config) if config is not None else prepare(options)
    backbone = prepared.backbone
    return {
        "sha256": backbone.sha256,
        "input": {
            "height": backbone.height,
            "width": backbone.width,
            "channels": backbone.channels,
        },
        "output_dim": backbone.output_dim,
        "entry": backbone.entry,
        "notes": list(prepared.notes),
        "blocks": [
            {
                "name": block.name,
                "layers": list(block.layers),
                "variables": block.variable_names,
                "parameters": block.parameters,
                "batch_norm": block.batch_norm,
            }
            for block in prepared.blocks
        ],
        "stages": [
            schedule.describe(stage, prepared.blocks) | _kept(prepared, stage)
            for stage in prepared.stages
        ],
    }


def _options(handle: str) -> BackboneOptions:
    named = {"handle": handle}
    handles.fill(named)
    return BackboneOptions.model_validate(named)


def _kept(prepared: "Prepared", stage: "PlannedStage") -> dict[str, Any]:
    from modules.finetune.cache_plan import plan_cache
    from modules.images.feature_cache import row_bytes

    plan = plan_cache(prepared.backbone, prepared.image, stage, prepared.blocks)
    weight = row_bytes(plan.cut.rows) / 1024 if plan.cut else 0.0
    return {"cache": plan.kind, "cache_reason": plan.reason, "kb_per_image": round(weight, 1)}


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    size = found["input"]
    sides = " x ".join(str(size[side] or "any") for side in ("height", "width", "channels"))
    lines = [
        f"takes {sides}, gives {found['output_dim']} numbers"
        + (f" (its output {found['entry']})" if found["entry"] else ""),
        f"sha256 {found['sha256']}",
        *found["notes"],
        "",
        f"{'block':<32} {'variables':>9} {'parameters':>11} {'BatchNorm':>9}",
    ]
    lines += [
        f"{printable(block['name']):<32} {len(block['variables']):>9} {block['parameters']:>11,} "
        f"{block['batch_norm']:>9}"
        for block in found["blocks"]
    ]
    for stage in found["stages"]:
        names = ", ".join(stage["blocks"]) or "the head alone"
        lines += ["", f"stage {stage['name']}: {stage['parameters']:,} parameters: {names}"]
        kept = f"keeps {stage['cache']}, {stage['kb_per_image']:,} kB an image"
        kept = kept if stage["cache"] != "none" else "keeps nothing but pixels"
        lines.append(f"  {kept}: {stage['cache_reason']}")
    return printable_lines(lines)
