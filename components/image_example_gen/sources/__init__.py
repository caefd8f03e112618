"""Where images come from: a source lists them, and decodes none.

``built_in`` has Thaw's own sources; ``source`` says what a user's own must have.
"""

from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.listed import Listing
from components.image_example_gen.sources.listing import (
    GOLDEN_KEY,
    further_features,
    key_of,
    list_all,
    list_data,
)
from components.image_example_gen.sources.source import Source

__all__ = [
    "GOLDEN_KEY",
    "ImageFile",
    "Listing",
    "Source",
    "further_features",
    "key_of",
    "list_all",
    "list_data",
]
