"""What the gate asks."""

from modules.settings.base import Fraction, Options


class Evaluation(Options):
    """What the gate asks of a candidate, on the test split. Accuracies lie in [0, 1].

    Attributes:
        min_accuracy: the least accuracy over all images.
        min_class_accuracy: the least accuracy on the images of any one class.
        max_drop: how far below the baseline's the accuracy may lie.
        max_class_drop: the same for each class; a class has few images, so this is the wider one.
    """

    min_accuracy: Fraction = 0.5
    min_class_accuracy: Fraction = 0.0
    max_drop: Fraction = 0.02
    max_class_drop: Fraction = 0.2
