"""The unfreeze schedule: what each configured stage trains, and how fast."""

import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modules.errors import InputError
from modules.settings import STAGES_KEY, FractionOfBlocks, LastBlocks, MatchingBlocks, Stage


class Named(Protocol):
    """The properties of a block that a schedule depends on."""

    @property
    def name(self) -> str:
        """The block's name."""

    @property
    def parameters(self) -> int:
        """How many numbers its variables hold."""

    @property
    def variable_names(self) -> list[str]:
        """The full names of its variables."""


@dataclass(frozen=True)
class PlannedStage:
    """A stage with the blocks that it unfreezes.

    Attributes:
        stage: the stage's options.
        unfrozen: indices into the backbone's blocks, in ascending order.
        rate_factors: for each of these blocks, the factor of the learning rate: ``layer_decay`` for
            the backbone's last block, its square for the block before, and so on; the head has 1.
        key: the stage's key in the config, for messages.
    """

    stage: Stage
    unfrozen: tuple[int, ...]
    rate_factors: tuple[float, ...]
    key: str


def plan(
    stages: Sequence[Stage], blocks: Sequence[Named], key: str = STAGES_KEY
) -> list[PlannedStage]:
    """Resolves every stage's ``unfreeze`` to the backbone's blocks.

    Args:
        stages: the configured stages; each unfreezes only what it names itself.
        blocks: the backbone's blocks, in the order of the data flow.
        key: of the stages, for messages.

    Raises:
        InputError: when a stage asks for more blocks than there are, or matches none.
    """
    for stage in stages:
        if stage.unfreeze != "none" and not blocks:
            raise InputError(
                f"{key}[{stage.name}].unfreeze: the backbone has nothing that can be "
                "trained; use none, or a module with trainable variables"
            )
    return [_plan_stage(stage, blocks, f"{key}[{stage.name}]") for stage in stages]


def _plan_stage(stage: Stage, blocks: Sequence[Named], key: str) -> PlannedStage:
    unfrozen = _unfrozen(stage, blocks, key)
    factors = tuple(stage.layer_decay ** (len(blocks) - place) for place in unfrozen)
    return PlannedStage(stage, unfrozen, factors, key)


def _unfrozen(stage: Stage, blocks: Sequence[Named], key: str) -> tuple[int, ...]:
    everything = tuple(range(len(blocks)))
    rule = stage.unfreeze
    if isinstance(rule, LastBlocks):
        if rule.last > len(blocks):
            raise InputError(
                f"{key}.unfreeze: got last: {rule.last}, but the backbone has {len(blocks)} "
                "blocks; name at most as many, or all"
            )
        return everything[-rule.last :]
    if isinstance(rule, FractionOfBlocks):
        # The product is rounded first, since 0.3 of 10 blocks are 3, but 0.3 * 10 exceeds 3.
        return everything[-max(1, math.ceil(round(rule.fraction * len(blocks), 9))) :]
    if isinstance(rule, MatchingBlocks):
        return _matching(key, rule.match, blocks)
    return everything if rule == "all" else ()


def _matching(key: str, patterns: Sequence[str], blocks: Sequence[Named]) -> tuple[int, ...]:
    matching: set[int] = set()
    for pattern in patterns:
        matching_here = {
            i
            for i, block in enumerate(blocks)
            if any(re.search(pattern, text) for text in (block.name, *block.variable_names))
        }
        if not matching_here:
            known = [block.name for block in blocks]
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.3) or known[:1]
            example = f", {near[0]!r} for example" if near else ""
            raise InputError(
                f"{key}.unfreeze.match: {pattern!r} matches no block; thaw inspect shows their "
                f"names{example}"
            )
        matching |= matching_here
    return tuple(sorted(matching))


def describe(planned: PlannedStage, blocks: Sequence[Named]) -> dict[str, object]:
    """Describes a stage for people and JSON: its name, its unfrozen blocks, their parameters."""
    return {
        "name": planned.stage.name,
        "blocks": [blocks[i].name for i in planned.unfrozen],
        "parameters": sum(blocks[i].parameters for i in planned.unfrozen),
    }
