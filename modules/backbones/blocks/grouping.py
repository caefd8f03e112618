"""Gathers variables into blocks: by configured patterns, by their names, by the graph.

1. Configured patterns win.
2. A name that numbers a block (``block_4_expand``, ``stage3/unit_2``) says which.
3. Any other name says its layer (``stem_conv``). A layer that applies no weights, such as a
   normalisation, makes no block: it goes where it lies in the graph.
4. Names that Keras made up (``conv2d_17``), and names without a layer, say nothing: such variables
   join the named block that they lie in, or else make up the blocks that the graph shows. So do
   all, where all names say the same.
"""

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.backbones.graph import variable_names
from modules.errors import InputError

_Key = tuple[str, str] | int
"""Folder and name of a block that has a name, the graph's number of one that has not."""


@dataclass(frozen=True)
class Item:
    """A variable.

    Attributes:
        name: its full name.
        block: the number of the block that the graph puts it in.
        weight: whether a weight operation applies it.
        depth: how deep in the graph it is used.
    """

    name: str
    block: int
    weight: bool
    depth: int


def group(
    items: Sequence[Item], patterns: Sequence[str] | None = None
) -> list[tuple[str, list[int]]]:
    """Blocks, in the order of their first items: their names and the numbers of their items.

    Args:
        items: in the order of the data.
        patterns: an item belongs to the block that is named by the first group of the first
            pattern found in its name, or by all that the pattern matched.

    Raises:
        InputError: when a pattern is found in no name.
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
    """The items that a pattern is found in."""
    found: dict[int, _Key] = {}
    for pattern in patterns:
        hits = {i: hit for i, name in enumerate(names) if (hit := re.search(pattern, name))}
        if not hits:
            near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.0)
            example = f", {near[0]!r} for example" if near else ""
            raise InputError(
                f"backbone.blocks: {pattern!r} is found in no variable's name; thaw inspect shows "
                f"them{example}"
            )
        for i, hit in hits.items():
            name = (hit.group(1) if hit.re.groups else None) or hit.group(0)
            found.setdefault(i, ("", name))
    return found


def _named(items: Mapping[int, Item]) -> dict[int, _Key]:
    """The items whose names say where they belong."""
    root = variable_names.root(item.name for item in items.values())
    names = {i: item.name[len(root) :] for i, item in items.items()}
    found = {i: key for i, name in names.items() if (key := variable_names.numbered(name))[1]}
    # Keras gives the first of a kind no number: bottleneck_block, bottleneck_block_1.
    firsts = {(folder, re.sub(r"_\d+$", "", name)) for folder, name in found.values()}
    layers: dict[str, list[int]] = {}
    for i, name in names.items():
        if i in found:
            continue
        parts = name.split("/")[:-1]
        folders = [("/".join(parts[:n]), part) for n, part in enumerate(parts)]
        first = next((key for key in folders if key in firsts), None)
        if first is not None:
            found[i] = first
        else:
            layers.setdefault(_layer(name), []).append(i)
    for layer, members in layers.items():
        made_up = any(variable_names.is_made_up(names[i]) for i in members)
        blocks = {items[i].block for i in members if items[i].weight}
        if layer and blocks and not (made_up and len(blocks) > 1):
            found |= dict.fromkeys(members, ("", layer))
    return dict(found)


def _layer(name: str) -> str:
    """What a name without a number says of its layer."""
    return variable_names.plain(variable_names.without_made_up(variable_names.layer_of(name)))


def _titles(groups: Mapping[_Key, Sequence[int]], items: Sequence[Item]) -> list[str]:
    """The groups' names, no two alike."""
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
        # A layer of a given name may stand in several blocks of the graph.
        taken = {*titles, *(() if isinstance(key, tuple) else named)}
        again = (f"{title}_{n}" for n in itertools.count(2))
        titles[title if title not in taken else next(n for n in again if n not in taken)] = None
    return list(titles)
