"""Decides which folders are splits and which are classes, by their names and contents."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from components.image_example_gen.sources.tree import Parts, Tree
from components.image_example_gen.split_names import (
    KNOWN,
    split_decorated,
    split_named,
    split_nearly,
)
from modules import features
from modules.errors import InputError
from modules.text import quoted

Folders = Literal["classes", "splits"]
_FEW = 3
_IN_A_CLASS = 2  # names that lead to a file in a class's own folder


@dataclass(frozen=True)
class Layout:
    """How the folders of a root are read.

    Attributes:
        splits: each split folder's split; empty where the folders are classes.
        beside: folders beside the splits that hold no class, and are passed over.
        notes: what a person should know, a sentence each.
    """

    splits: Mapping[str, str]
    beside: Collection[str] = ()
    notes: Sequence[str] = ()


def layout_of(tree: Tree, where: str, folders: Folders | None = None) -> Layout:
    """Tells splits from classes.

    Args:
        tree: of all files.
        where: the config's key and the folder, for messages.
        folders: what the root's folders are, where a person has said it: any name is then a
            class's.

    Raises:
        InputError: where a folder that would be taken for a class has a split's name or nearly one,
            or `data.folders` says that there are splits and there are none.
    """
    tops = sorted(tree.inner[()])
    if folders == "classes":
        return Layout({})
    named = {top: split for top in tops if (split := split_named(top))}
    others = [top for top in tops if top not in named]
    beside = _beside(tree, named, others)
    if named and features.TRAIN in named.values() and len(beside) == len(others):
        layout = Layout(named, beside)
        _check_split_folders(tree, layout, where)
        if folders is None:
            _check_classes_in_splits(tree, layout, where)
        return layout
    if folders == "splits":
        _refuse_splits_that_are_none(named, others, where)
    if named or _look_like_splits(tops):
        _refuse_classes_called_as_splits(named, others, where)
    _check_below(tree, [(top,) for top in tops], where)
    return Layout({}, notes=_alike_inside(tree, tops))


def _beside(tree: Tree, named: Mapping[str, str], others: Sequence[str]) -> list[str]:
    """Those folders beside two or more splits of classes that hold no folder, as no split does."""
    are_splits = len(set(named.values())) > 1 and all(tree.inner.get((top,)) for top in named)
    if not are_splits:
        return []
    return [top for top in others if not tree.inner.get((top,)) and not split_nearly(top)]


def _look_like_splits(tops: Sequence[str]) -> bool:
    """Whether folders without a split's name are called nearly so."""
    if any(split_decorated(top) for top in tops):
        return True
    meant = [split_nearly(top) for top in tops]
    return None not in meant and features.TRAIN in meant and len(set(meant)) > 1


def _check_split_folders(tree: Tree, layout: Layout, where: str) -> None:
    filled = {file.parts[0] for file in tree.files if len(file.parts) > 1}
    empty = sorted(set(layout.splits) - filled)
    if empty:
        raise InputError(
            f"{where} has a folder for the split {empty[0]!r}, which holds no image; fill it, or "
            "remove it, so that its share is taken from the training images"
        )
    flat = [top for top in sorted(layout.splits) if not tree.inner.get((top,))]
    if flat and len(flat) < len(layout.splits):
        raise InputError(
            f"{where} holds splits with class folders, but the split {flat[0]!r} holds images and "
            "no class folders, so their classes are unknown; put them into a folder for each "
            f"class, or leave them out with data.leave_out: [{flat[0]!r}]"
        )


def _check_classes_in_splits(tree: Tree, layout: Layout, where: str) -> None:
    for top in layout.splits:
        for name in sorted(tree.inner.get((top,), ())):
            split = split_named(name) or split_decorated(name)
            if split:
                raise InputError(
                    f"{where} holds splits, and {top!r} holds the class {name!r}, which has the "
                    f"name of the split {split}; move it up if it is a split, or set "
                    "data.folders: splits if it is a class"
                )
    _check_below(tree, [parts for parts in tree.inner if len(parts) == 2], where, meaning="splits")


def _check_below(
    tree: Tree, classes: Collection[Parts], where: str, meaning: Folders = "classes"
) -> None:
    """Refuses splits below a class: all that is in a class's folder would be of that class."""
    starts = set(classes)
    depth = len(next(iter(starts), ()))
    hold_splits = []
    for parts, inner in sorted(tree.inner.items()):
        meant = {split_named(name) for name in inner}
        if parts[:depth] in starts and features.TRAIN in meant and len(meant - {None}) > 1:
            hold_splits.append(parts)
    if not hold_splits:
        return
    first = hold_splits[0]
    names = quoted(sorted(name for name in tree.inner[first] if split_named(name)))
    remedy = "put the splits above the classes"
    if len(hold_splits) == 1:
        remedy = f"set data.path to {tree.root.rstrip('/')}/{'/'.join(first)}"
    raise InputError(
        f"{where}: {'/'.join(first)!r} would belong to the class {first[depth - 1]!r}, but it "
        f"holds {names}, which are names of splits; {remedy}, or set data.folders: {meaning} if "
        "all images there are of one class"
    )


def _alike_inside(tree: Tree, tops: Sequence[str]) -> list[str]:
    """A sentence where all classes hold the same folders, which may be the classes themselves."""
    inner = {frozenset(tree.inner.get((top,), ())) for top in tops}
    same = sorted(next(iter(inner), ()))
    holds_images = any(len(file.parts) == _IN_A_CLASS for file in tree.files)
    if len(tops) < 2 or len(inner) > 1 or len(same) < 2 or holds_images:
        return []
    return [
        f"{quoted(tops)} are read as the classes, but all hold the same folders, {quoted(same)}; "
        "if those are the classes, put them into one folder, or into splits"
    ]


def _refuse_splits_that_are_none(
    named: Mapping[str, str], others: Sequence[str], where: str
) -> None:
    if others:
        raise InputError(
            f"{where}: data.folders says that its folders are splits, but {quoted(others)} "
            f"{'is not a split' if len(others) == 1 else 'are not splits'}; the names of splits "
            f"are {', '.join(KNOWN)}: {_rename(others)}"
        )
    raise InputError(
        f"{where}: data.folders says that its folders are splits, but none is 'train'; it has "
        f"{quoted(sorted(named)) if named else 'no folder'}: set data.path to the folder that "
        "holds 'train'"
    )


def _refuse_classes_called_as_splits(
    named: Mapping[str, str], others: Sequence[str], where: str
) -> None:
    """Says which folders have a split's name, or nearly one, and what they would be taken for."""
    # Among many classes some come near by chance.
    nearly = split_nearly if len(others) <= _FEW else split_decorated
    near = {top: split for top in others if (split := nearly(top))}
    rest = [top for top in others if top not in near]
    parts = []
    if named:
        kind = "a split's name" if len(named) == 1 else "splits' names"
        parts.append(f"{quoted(sorted(named))} ({kind})")
    if near:
        parts.append(" and ".join(f"{top!r} (nearly {split!r})" for top, split in near.items()))
    if rest:
        parts.append(quoted(rest, 3))
    wrong = list(named) if len(rest) > _FEW else [*near, *rest] if named else list(near)
    raise InputError(
        f"{where} holds {', beside '.join(parts)}: all of them would be classes; "
        f"{_remedy(wrong)}; if all of them are classes, set data.folders: classes"
    )


def _remedy(wrong: Sequence[str]) -> str:
    if not wrong:
        return "none of them is 'train': set data.path to the folder that holds it"
    return _rename(wrong)


def _rename(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:3])) + (", …" if len(names) > 3 else "")
    them = "it" if len(names) == 1 else "them"
    return f"rename {them}, or leave {them} out with data.leave_out: [{shown}]"
