"""A backbone with a linear head."""

import tensorflow as tf

from modules.backbones.backbone import Backbone


class Classifier(tf.Module):
    """Images to logits.

    The head is one linear layer, zero at first: the untrained model gives every class the same
    score, and its first gradients do not disturb a backbone that trains along.
    """

    def __init__(self, backbone: Backbone, classes: int) -> None:
        super().__init__(name="classifier")
        self.backbone = backbone
        self.kernel = tf.Variable(tf.zeros((backbone.output_dim, classes)), name="head/kernel")
        self.bias = tf.Variable(tf.zeros((classes,)), name="head/bias")

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return int(self.bias.shape[0])

    @property
    def head(self) -> list[tf.Variable]:
        """The head's variables."""
        return [self.kernel, self.bias]

    @property
    def everything(self) -> list[tf.Variable]:
        """All variables that a schedule may change."""
        return [*self.head, *self.backbone.variables]

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """Class logits, in inference.

        Args:
            images: float32 [batch, height, width, 3] in the backbone's range.

        Returns:
            float32 [batch, classes].
        """
        return self.classify(self.backbone.forward(images))

    def classify(self, embeddings: tf.Tensor) -> tf.Tensor:
        """The head alone: float32 [batch, backbone.output_dim] to float32 [batch, classes]."""
        return tf.linalg.matmul(embeddings, self.kernel) + self.bias
