"""A backbone with a head."""

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.finetune.heads import build_head, dropout_layers
from modules.settings import HeadOptions, LinearHead

_LINEAR = LinearHead()


class Classifier(tf.Module):
    """Images to logits.

    Args:
        backbone: gives the features.
        classes: how many the head tells apart.
        head: its kind.
        seed: of its initial values.

    Attributes:
        classes: as given.
        dropout_layers: (width, rate) of each of the head's layers that training drops values of.
        head: the head's variables that are trained.
    """

    def __init__(
        self, backbone: Backbone, classes: int, head: HeadOptions = _LINEAR, seed: int = 0
    ) -> None:
        super().__init__(name="classifier")
        self.backbone, self.classes = backbone, classes
        self._head = build_head(head, backbone.output_dim, classes, seed)
        self.dropout_layers = dropout_layers(self._head)
        self.head: list[tf.Variable] = list(self._head.trainable_variables)

    @property
    def everything(self) -> list[tf.Variable]:
        """All variables that a schedule may change, and those of the head that none does."""
        return [*self._head.variables, *self.backbone.variables]

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """Class logits, in inference.

        Args:
            images: float32 [batch, height, width, 3] in the backbone's range.

        Returns:
            float32 [batch, classes].
        """
        return self.classify(self.backbone.forward(images))

    def classify(self, embeddings: tf.Tensor, *masks: tf.Tensor) -> tf.Tensor:
        """The head alone.

        Args:
            embeddings: float32 [batch, backbone.output_dim].
            *masks: in training, for each of ``dropout_layers`` a float32 [batch, width].

        Returns:
            float32 [batch, classes].
        """
        return self._head(embeddings, *masks)
