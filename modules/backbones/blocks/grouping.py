"""Groups variables into blocks: by configured patterns, by their names, or by the graph.

1. Configured patterns take precedence.
2. A name with a numbered block (``block_4_expand``, ``stage3/unit_2``) names its block.
3. Any other name names its layer (``stem_conv``), which is a block of its own. A layer that applies
   no weights, such as a normalisation, is no block: its variables belong to the block where the
   graph has them.
4. Names that Keras generated (``conv2d_17``) and names without a layer mean nothing. Such variables
   join the named block where the graph has them, or else form the blocks that the graph shows. So
   do all variables, if all names give the same block.
"""

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.backbones.graph import variable_names
from modules.errors import InputError

_Key = tuple[str, str] | int
"""The folder and the name of a named block, or the graph's number of an unnamed one."""


@dataclass(frozen=True)
class Item:
    """A variable to be grouped.

    Attributes:
        name: its full name.
        block: the number of its block in the graph.
        weight: whether a weight operation applies it.
        depth: how deep in the graph it is first used.
    """

    name: str
    block: int
    weight: bool
    depth: int


def group(
    items: Sequence[Item], patterns: Sequence[str] | None = None
) -> list[tuple[str, list[int]]]:
    """Returns the blocks, in the order of their first items: their names and their items' numbers.

    Args:
        items: the variables, in the order of the data flow.
        patterns: regular expressions. The first one that matches an item's name names its block: by
            its first group or, without groups, by the whole match.

    Raises:
        InputError: when a pattern matches no name.
    """
    named = _explicit([item.name for item in items], patterns or ())
    rest = {i: item for i, item in enumerate(items) if i not in named}
    by_name = _named(rest)
    if named or len(set(by_name.values())) > 1 or len({item.block for item in items}) == 1:
        named |= by_name
    in_block: dict[int, list[int]] = {}
    for i in named:
        in_block.setdefault(items[i].block, []).append(i)
    groups: dict[_Key, list[int]] = {}
    for i, item in enumerate(items):
        near = in_block.get(item.block, [])
        nearest = min(near, key=lambda j: abs(items[j].depth - item.depth), default=i)
        groups.setdefault(named.get(i) or named.get(nearest) or item.block, []).append(i)
    return list(zip(_titles(groups, items), groups.values(), strict=True))


def _explicit(names: Sequence[str], patterns: Sequence[str]) -> dict[int, _Key]:
    """Returns the blocks of the items whose names match a pattern."""
    keys: dict[int, _Key] = {}
    for pattern in patterns:
        matches = {i: match for i, name in enumerate(names) if (match := re.search(pattern, name))}
        if not matches:
            near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.0)
            example = f", {near[0]!r} for example" if near else ""
            raise InputError(
                f"backbone.blocks: {pattern!r} matches no variable's name; thaw inspect shows "
                f"them{example}"
            )
        for i, match in matches.items():
            name = (match.group(1) if match.re.groups else None) or match.group(0)
            keys.setdefault(i, ("", name))
    return keys


def _named(items: Mapping[int, Item]) -> dict[int, _Key]:
    """Returns the blocks of the items whose names determine them."""
    root = variable_names.root(item.name for item in items.values())
    names = {i: item.name[len(root) :] for i, item in items.items()}
    keys = {i: key for i, name in names.items() if (key := variable_names.numbered(name))[1]}
    # Keras does not number the first layer of a kind: bottleneck_block, bottleneck_block_1.
    firsts = {(folder, re.sub(r"_\d+$", "", name)) for folder, name in keys.values()}
    layers: dict[str, list[int]] = {}
    for i, name in names.items():
        if i in keys:
            continue
        parts = name.split("/")[:-1]
        folders = [("/".join(parts[:n]), part) for n, part in enumerate(parts)]
        first = next((key for key in folders if key in firsts), None)
        if first is not None:
            keys[i] = first
        else:
            layers.setdefault(_layer(name), []).append(i)
    for layer, members in layers.items():
        is_generated = any(variable_names.is_generated(names[i]) for i in members)
        blocks = {items[i].block for i in members if items[i].weight}
        if layer and blocks and not (is_generated and len(blocks) > 1):
            keys |= dict.fromkeys(members, ("", layer))
    return dict(keys)


def _layer(name: str) -> str:
    """Returns the layer of a name without a numbered block."""
    return variable_names.plain(variable_names.without_generated(variable_names.layer_of(name)))


def _titles(groups: Mapping[_Key, Sequence[int]], items: Sequence[Item]) -> list[str]:
    """Returns unique names for the groups."""
    named = [key[1] for key in groups if isinstance(key, tuple)]
    titles: dict[str, None] = {}
    for number, (key, members) in enumerate(groups.items(), start=1):
        if isinstance(key, tuple):
            title = f"{key[0]}/{key[1]}" if key[0] and named.count(key[1]) > 1 else key[1]
        elif named:
            weights = [i for i in members if items[i].weight] or members
            title = variable_names.layer_of(items[weights[0]].name) or f"block_{number}"
        else:
            title = f"block_{number}"
        # A layer of one name may belong to several blocks of the graph.
        taken = {*titles, *(() if isinstance(key, tuple) else named)}
        again = (f"{title}_{n}" for n in itertools.count(2))
        titles[title if title not in taken else next(n for n in again if n not in taken)] = None
    return list(titles)
