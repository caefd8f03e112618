"""The golden set of a config: where it lies, and whether it can be used."""

from collections.abc import Collection

from components.image_example_gen import golden_set
from components.image_example_gen.golden_set import GoldenSource
from components.image_example_gen.listing_file import DigestedListing
from modules.errors import InputError
from modules.text import quoted
from pipeline.configuration.config import Config
from pipeline.state.root import Root


def source(config: Config, listing: str = "") -> GoldenSource | None:
    """What ImageExampleGen gets of the set; None where the config names none.

    Args:
        config: the whole configuration.
        listing: the file that keeps what was read of the set; empty for none.
    """
    options = config.golden_ingest
    return GoldenSource(options=options, listing=listing) if options else None


def listed(config: Config, *, keep: bool = False) -> DigestedListing | None:
    """The set's images with their digests; None where the config names none.

    It reads those images that may have changed since the root's last run; imports no TensorFlow,
    but for shards.

    Args:
        config: the whole configuration.
        keep: whether what was read is kept in the root for the next time.

    Raises:
        InputError: when the set cannot be listed, is not the one that the config pins, or is the
            data itself.
    """
    of_root = source(config, str(Root(config.root).golden_listing))
    if not of_root or not config.evaluation.golden:
        return None
    golden_set.check_apart(of_root.options.path, config.data.path)
    sha256 = config.evaluation.golden.sha256
    return golden_set.checked(of_root, sha256, verify=config.data.verify, keep=keep)


def names(config: Config) -> golden_set.Names:
    """The set's images, by the sha256 of their bytes; nothing where the config names no set.

    Raises:
        InputError: as ``listed``.
    """
    listing = listed(config)
    return golden_set.names(listing) if listing else {}


def check_labels(config: Config, labels: Collection[str]) -> None:
    """Refuses a golden set of which a model can know no class, before one is trained.

    Args:
        config: may name a golden set.
        labels: the classes that will be trained on.

    Raises:
        InputError: with some of both.
    """
    listing = listed(config)
    golden = {file.label for file in listing.files if not file.problem} if listing else set()
    if golden and golden.isdisjoint(labels):
        raise InputError(
            f"evaluation.golden.path: its classes are {quoted(sorted(golden))}, and none is among "
            f"those that are trained on, {quoted(sorted(labels))}; correct the labels, or name the "
            "label's column in evaluation.golden.label_column"
        )
