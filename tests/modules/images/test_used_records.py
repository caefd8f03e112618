"""The same bytes count once in several spans, and have one label."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.images.shard_labels import LabelsFile, SpanPart
from modules.images.used_records import UsedRecords, find

Row = tuple[str, str]  # bytes, label


def digest_of(content: str) -> str:
    return content.rjust(32, "0")


def span(
    number: int,
    *rows: Row,
    split: str = "train",
    contradicted: Sequence[str] = (),
    older: bool = False,
) -> LabelsFile:
    """An artifact with a shard of one split."""
    labels = sorted({label for _, label in rows})
    name = f"Split-{split}/images"
    digests = {name: "".join(digest_of(content) for content, _ in rows)}
    part = SpanPart(number, 0, older, digests, [*map(digest_of, contradicted)])
    places = {name: [labels.index(label) for _, label in rows]}
    return LabelsFile(f"{number}-{split}-{older}", "", f"f{number}", labels, places, part)


def rows_used(files: Sequence[LabelsFile], used: UsedRecords) -> list[tuple[str, str, str]]:
    """The bytes, the label and the shard of each record that is used."""
    result = []
    for file in files:
        assert file.span is not None
        for name, places in file.shards.items():
            mask = used.masks.get((file.folder, name), [True] * len(places))
            digests = file.span.digests_of(name)
            for digest, place, is_used in zip(digests, places, mask, strict=True):
                if is_used:
                    result.append((digest, file.labels[place], f"{file.folder}/{name}"))
    return result


def test_where_no_bytes_are_in_two_spans_all_records_are_used() -> None:
    used = find([span(1, ("a", "cat"), ("b", "dog")), span(2, ("c", "cat"))])
    assert used == UsedRecords()
    assert find([]) == find([LabelsFile("f")]) == UsedRecords()


def test_of_the_same_bytes_the_latest_spans_copy_is_used() -> None:
    files = [span(10, ("a", "cat"), ("b", "cat")), span(9, ("a", "cat"), older=True)]
    used = find(files)
    assert used.repeated == 1
    assert {shard for *_, shard in rows_used(files, used)} == {"10-train-False/Split-train/images"}
    assert find(files[::-1]).masks.keys() == used.masks.keys()


def test_copies_within_a_span_count_once() -> None:
    files = [span(1, ("a", "cat"), ("a", "cat"), ("b", "cat"))]
    used = find(files)
    assert (used.repeated, len(rows_used(files, used))) == (1, 2)


def test_bytes_that_a_span_contradicts_are_used_in_no_other() -> None:
    files = [span(1, ("a", "cat"), ("b", "cat")), span(2, ("c", "dog"), contradicted=["a"])]
    used = find(files)
    assert (used.repeated, used.contradicted) == (0, 1)
    assert [digest[-1] for digest, *_ in rows_used(files, used)] == ["b", "c"]
    assert len(rows_used(files[:1], find(files[:1]))) == 2


def test_bytes_with_two_labels_are_used_in_neither_span() -> None:
    files = [span(1, ("a", "cat"), ("b", "cat")), span(2, ("a", "dog"))]
    used = find(files)
    assert used.contradicted == 2
    assert [digest[-1] for digest, *_ in rows_used(files, used)] == ["b"]


def test_earlier_images_are_looked_at_apart() -> None:
    files = [
        span(1, ("a", "cat")),
        span(2, ("a", "dog"), ("b", "cat"), split="earlier", contradicted=["b"]),
        span(3, ("a", "dog"), split="earlier"),
    ]
    used = find(files)
    assert (used.repeated, used.contradicted) == (1, 0)
    assert len(rows_used(files, used)) == 3


def test_held_out_images_of_a_class_without_a_training_image_are_not_used() -> None:
    files = [
        span(1, ("a", "cat"), ("b", "fox")),
        span(2, ("c", "cat"), ("d", "owl"), ("e", "fox"), split="test", contradicted=["b"]),
        span(3, ("f", "owl"), split="earlier"),
    ]
    used = find(files)
    assert (used.repeated, used.contradicted, used.unseen_class) == (0, 1, 2)
    assert [digest[-1] for digest, *_ in rows_used(files, used)] == ["a", "c", "f"]
    both = [*files, span(4, ("g", "owl"))]
    assert [digest[-1] for digest, *_ in rows_used(both, find(both))] == ["a", "c", "d", "f", "g"]


some_files = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["cat", "dog"])), max_size=6),
        st.sampled_from(["train", "validation", "test"]),
        st.sets(st.sampled_from("abc"), max_size=2),
    ),
    max_size=5,
    unique_by=lambda row: row[0],
)


@settings(max_examples=200, deadline=None)
@given(some_files)
def test_each_bytes_are_used_once_or_not_at_all(
    spans: list[tuple[int, list[Row], str, set[str]]],
) -> None:
    files = [
        span(number, *rows, split=split, contradicted=sorted(contradicted))
        for number, rows, split, contradicted in spans
    ]
    labels: dict[str, set[str]] = defaultdict(set)
    latest: dict[str, int] = defaultdict(int)
    split_of: dict[str, str] = {}
    for number, written, split, _ in sorted(spans, key=lambda span: span[0]):
        for content, label in written:
            split_of[digest_of(content)] = split
            labels[digest_of(content)].add(label)
            latest[digest_of(content)] = max(latest[digest_of(content)], number)
    contradicted = {digest_of(content) for *_, contents in spans for content in contents}
    once = {
        digest: next(iter(names))
        for digest, names in labels.items()
        if len(names) == 1 and digest not in contradicted
    }
    learned = {label for digest, label in once.items() if split_of[digest] == "train"}
    expected = {digest: label for digest, label in once.items() if label in learned}
    used = find(files)
    rows = rows_used(files, used)
    assert len(rows) == len(expected)
    assert {digest: label for digest, label, _ in rows} == expected
    assert all(shard.startswith(f"{latest[digest]}-") for digest, _, shard in rows)
    unused = used.repeated + used.contradicted + used.unseen_class
    assert len(rows) + unused == sum(len(written) for _, written, _, _ in spans)
