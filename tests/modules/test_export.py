"""Scoring in parts, and the labels beside the model."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from modules import export


@pytest.mark.parametrize("count", [0, 1, export.PART - 1, export.PART, export.PART + 1, 70])
def test_parts_give_what_the_whole_gives_and_never_more_at_a_time(count: int) -> None:
    sizes: list[int] = []

    def score(texts: tf.Tensor) -> tf.Tensor:
        sizes.append(int(texts.shape[0]))
        numbers = tf.strings.to_number(texts)
        return tf.stack([numbers, -numbers], axis=1)

    texts = tf.constant([str(i) for i in range(count)], shape=(count,), dtype=tf.string)
    whole = np.stack([np.arange(count), -np.arange(count)], axis=1)
    np.testing.assert_array_equal(export.in_parts(score, texts, 2).numpy(), whole)
    assert sum(sizes) == count
    assert all(size <= export.PART for size in sizes)


def test_labels_of_any_text_are_read_back(tmp_path: Path) -> None:
    labels = ["a b", "浴室", "x\u2028y", "#"]
    export.write_labels(labels, tmp_path)
    assert export.read_labels(tmp_path) == labels
