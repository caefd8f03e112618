"""Where images come from: folders, manifests and shards, each listed without decoding any."""

from components.image_example_gen.sources.listing import further_features, list_all, list_data

__all__ = ["further_features", "list_all", "list_data"]
