"""A backbone with a linear head."""

import tensorflow as tf

from modules.backbone import Backbone


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
    def head(self) -> list[tf.Variable]:
        """The head's variables."""
        return [self.kernel, self.bias]

    def logits(
        self, images: tf.Tensor, *, batch_norm_trains: bool = False, dropout: float = 0.0
    ) -> tf.Tensor:
        """Class logits.

        Args:
            images: float32 [batch, height, width, 3] in the backbone's range.
            batch_norm_trains: whether BatchNorm uses, and learns, the batch's own statistics.
            dropout: the fraction of the backbone's outputs that is set to zero; 0 in inference.

        Returns:
            float32 [batch, classes].
        """
        embeddings = self.backbone.forward(images, training=batch_norm_trains)
        if dropout:
            embeddings = tf.nn.dropout(embeddings, dropout)
        return tf.linalg.matmul(embeddings, self.kernel) + self.bias
