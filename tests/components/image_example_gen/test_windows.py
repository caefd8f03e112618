"""What a training reads of a window, whatever spans came before it and in whatever order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.older_part import OlderPart
from components.image_example_gen.span_splits import assign
from components.image_example_gen.split_assignment import SplitAssignment
from components.records.split_book import SplitBook
from modules.images import used_records
from modules.images.shard_labels import DIGITS, LabelsFile, SpanPart
from tests.components.conftest import SHARES
from tests.components.image_example_gen.test_span_splits import numbered_spans, used

PART = OlderPart(0.4, dict.fromkeys(SHARES, ""))


@dataclass(frozen=True)
class TakenIn:
    """A span that was ingested.

    Attributes:
        files: as listed.
        assigned: as split.
    """

    files: Sequence[ImageFile]
    assigned: SplitAssignment

    def artifact(self, number: int, *, older: bool) -> LabelsFile:
        """The file beside the whole span, or its older part, as ImageExampleGen writes it."""
        rows: dict[str, list[ImageFile]] = defaultdict(list)
        for file, split in used(self.assigned):
            if PART.has(file, split) or not older:
                rows[f"Split-{split}/0"].append(file)
        labels = sorted({file.label for files in rows.values() for file in files})
        digests = {
            name: "".join(file.digest[:DIGITS] for file in files) for name, files in rows.items()
        }
        contradicted = [digest[:DIGITS] for digest in self.assigned.contradicted]
        places = {
            name: [labels.index(file.label) for file in files] for name, files in rows.items()
        }
        part = SpanPart(number, 0, older, digests, contradicted)
        return LabelsFile(f"{number}-{older}", "", "f", labels, places, part)


def read(files: Sequence[LabelsFile]) -> list[tuple[str, str, str]]:
    """The digest, the label and the split of each record that is used."""
    selected = used_records.find(files)
    rows = []
    for file in files:
        assert file.span is not None
        for name, places in file.shards.items():
            mask = selected.masks.get((file.folder, name), [True] * len(places))
            split = name.partition("/")[0]
            for digest, place, is_used in zip(
                file.span.digests_of(name), places, mask, strict=True
            ):
                if is_used:
                    rows.append((digest, file.labels[place], split))
    return rows


def labels_in(spans: Sequence[TakenIn]) -> Mapping[str, set[str]]:
    """The labels under which some spans list each image."""
    labels: dict[str, set[str]] = defaultdict(set)
    for span in spans:
        for file in span.files:
            labels[file.digest[:DIGITS]].add(file.label)
    return labels


@settings(max_examples=200, deadline=None)
@given(
    numbered_spans,
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4), st.booleans()), max_size=6),
)
def test_no_image_is_trained_on_and_judges_and_each_is_read_once_with_one_label(
    spans: list[tuple[int, list[ImageFile]]], windows: list[tuple[int, int, bool]]
) -> None:
    """A window is read after so many spans: the latest few, and perhaps a part of those before."""
    book = SplitBook()
    current: dict[int, TakenIn] = {}
    listed: list[TakenIn] = []
    splits: dict[str, set[str]] = defaultdict(set)  # of every window so far
    for place, (number, files) in enumerate(spans, start=1):
        current[number] = TakenIn(files, assign(files, SHARES, number, book, is_joined=True))
        listed.append(current[number])
        book = book.with_span(number, current[number].assigned.entries)
        for _, size, keeps_older in (window for window in windows if window[0] == place):
            inside = sorted(current)[-size:]
            before = sorted(current)[:-size] if keeps_older else []
            artifacts = [current[n].artifact(n, older=True) for n in before]
            artifacts += [current[n].artifact(n, older=False) for n in inside]
            rows = read(artifacts)

            digests = [digest for digest, _, _ in rows]
            assert len(digests) == len({*digests})
            for digest, _, split in rows:
                splits[digest].add(split)
            labels = labels_in([current[n] for n in inside])
            assert all(len(labels[digest]) <= 1 for digest in digests)
            ever = labels_in(listed)
            written = {
                file.digest[:DIGITS] for n in inside for file, _ in used(current[n].assigned)
            }
            learned = {label for _, label, split in rows if split == "Split-train"}
            assert {label for _, label, _ in rows} <= learned
            assert {
                digest for digest in written if len(ever[digest]) == 1 and ever[digest] <= learned
            } <= {*digests}
    assert all(len(names) == 1 for names in splits.values())
