"""Takes the data's fingerprint when the node runs, so that its cache key sees every image."""

from typing import Any

from components.driver import PropertiesDriver
from components.image_example_gen.files import fingerprint, list_images

FINGERPRINT = "input_fingerprint"


class Driver(PropertiesDriver):
    """Adds ``input_fingerprint``."""

    def changes(self, properties: dict[str, Any], inputs: dict[str, list[Any]]) -> dict[str, str]:
        """Reads every image's name and content."""
        del inputs
        return {FINGERPRINT: fingerprint(list_images(properties["path"]))}
