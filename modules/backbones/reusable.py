"""Makes an exported model a module that can itself be a backbone, and that is complete.

A SavedModel contains what its object tracks. Besides variables, a module's graph may read lookup
tables and files, which are its assets.
"""

from typing import Any

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.loading.tracking import assets, resources
from modules.errors import InputError


def carry(backbone: Backbone, target: Any) -> None:
    """Adds a backbone, in Hub's reusable form, to an object that will be saved.

    ``hub.load`` of the saved object gives features, without a head: ``__call__`` (inference, as
    ``Backbone.forward``), ``variables``, ``trainable_variables`` and ``regularization_losses``
    (https://www.tensorflow.org/hub/reusable_saved_models). Variables keep their names and BatchNorm
    its layers, so the blocks are the same as those of the original module.

    Args:
        backbone: the backbone, with the weights to save.
        target: a ``tf.train.Checkpoint``, which accepts any attribute.

    Raises:
        InputError: as ``check_can_be_saved`` does.
    """
    check_can_be_saved(backbone)
    spec = tf.TensorSpec((None, backbone.height, backbone.width, backbone.channels), tf.float32)
    target.__call__ = tf.function(
        lambda images: backbone.forward(images), input_signature=[spec], autograph=False
    )
    target.variables = list(backbone.graph.variables)
    target.trainable_variables = list(backbone.trainable)
    target.regularization_losses = list(backbone.regularization_losses)
    target.resources = resources(backbone.module)
    target.assets = assets(backbone.module)


def check_can_be_saved(backbone: Backbone) -> None:
    """Refuses, before any training, a module whose graph reads what an export could not contain.

    Raises:
        InputError: which names the kind of the resource.
    """
    tracked = {id(resource.resource_handle) for resource in resources(backbone.module)}
    for tensor in backbone.graph.constants.values():
        if tensor.dtype in (tf.resource, tf.variant) and id(tensor) not in tracked:
            raise InputError(
                f"backbone.handle: {backbone.handle} reads a {tensor.dtype.name} that the module "
                "does not track, so that no model with it can be saved; make the object that owns "
                "it an attribute of the module, and export that again"
            )
