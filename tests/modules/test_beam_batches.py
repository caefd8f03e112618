"""Batches of examples are capped by their bytes, whoever reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from absl import flags
from tfx_bsl.coders import batch_util

from modules.beam_batches import cap_batches
from modules.gate import analysis
from modules.settings import Evaluation


@pytest.fixture(autouse=True)
def uncapped() -> Iterator[None]:
    flags.FLAGS.mark_as_parsed()
    before = flags.FLAGS.tfxio_use_byte_size_batching
    flags.FLAGS.tfxio_use_byte_size_batching = False
    yield
    flags.FLAGS.tfxio_use_byte_size_batching = before


def most_in_a_batch() -> int:
    return int(batch_util.GetBatchElementsKwargs(None)["max_batch_size"])


def test_a_batch_holds_20_mib_and_not_a_number_of_examples() -> None:
    assert most_in_a_batch() == 1_000
    cap_batches()
    assert most_in_a_batch() == 20 << 20


def test_the_pass_over_the_test_images_caps_batches_before_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reading(Exception):  # noqa: N818
        """Ends the pass."""

    def read(**arguments: Any) -> None:
        assert arguments["file_pattern"] == ["images"]
        assert most_in_a_batch() == 20 << 20
        raise Reading

    monkeypatch.setattr("tfx_bsl.tfxio.tf_example_record.TFExampleRecord", read)
    monkeypatch.setattr("tensorflow_model_analysis.default_eval_shared_model", lambda **_: None)
    with pytest.raises(Reading):
        analysis.analyse(
            beam.Pipeline(), ["images"], None, {"candidate": ""}, {}, Evaluation(), tmp_path
        )
