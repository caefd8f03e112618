"""What the names of the data tell, said and checked before anything heavy is imported."""

from collections.abc import Callable

from components.image_example_gen import bad_files
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_data
from pipeline import expected_splits
from pipeline.config import Config


def names_checked(
    config: Config, say: Callable[[str], None], *, forced: bool = False
) -> list[ImageFile]:
    """Lists the images, says how they were found, and refuses what cannot be trained on.

    Args:
        config: whose data it is.
        say: takes a line for a person.
        forced: whether the gate's rules do not count.

    Raises:
        InputError: when they cannot be listed, too many of them cannot be used, a split is too
            small, or training would not see a class.
    """
    options = config.data.ingest()
    listing = list_data(options)
    for line in listing.lines():
        say(line)
    bad_files.check_listed(listing.files, options.max_bad_fraction)
    least = 0 if forced else config.evaluation.min_examples
    expected_splits.check(listing.files, options.splits.shares(), least)
    return listing.files
