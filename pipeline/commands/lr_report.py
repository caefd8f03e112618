"""What ``thaw lr-find`` reports, which ``--json`` prints and ``lr_picture`` draws."""

from components.records.base import Record


class ImageCounts(Record):
    """How many images a range test used."""

    train: int
    """Training images that were used."""
    validation: int
    """Images of the validation split that were used."""
    bad: int
    """Files that cannot be decoded."""


class RangeTestReport(Record):
    """A stage's range test; the three lists have an item for each step that was taken."""

    config: str
    """The YAML file."""
    stage: str
    """The stage's name."""
    batch_size: int
    """Images in a step."""
    configured: float
    """The peak of the stage's learning rate."""
    steps: int
    """How many steps were asked for."""
    images: ImageCounts
    """The images that were used."""
    picture: str
    """The PNG file."""
    rates: tuple[float, ...]
    """The head's learning rates."""
    losses: tuple[float, ...]
    """Each batch's mean loss, before its step."""
    smoothed: tuple[float, ...]
    """The smoothed losses."""
    suggested: float | None
    """The rate at which the smoothed loss falls most steeply; null if it does not fall."""
    tenth_of_least: float | None
    """A tenth of the rate at the minimum of the smoothed loss; null likewise."""
    blown_up: bool
    """Whether the loss blew up, which ends the test early."""
