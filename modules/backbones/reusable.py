"""Makes what Thaw exports a module that can itself be a backbone, and that holds all it needs.

A SavedModel holds what its object tracks: besides variables, a module's graph may read lookup
tables and files, which are its assets.
"""

from typing import Any

import tensorflow as tf

from modules.backbones.backbone import Backbone
from modules.backbones.loading.tracking import assets, resources
from modules.errors import InputError


def carry(backbone: Backbone, target: Any) -> None:
    """Lets an object that will be saved hold a backbone in Hub's reusable form.

    ``hub.load`` of what is saved gives features, without a head: ``__call__`` (inference, as
    ``Backbone.forward``), ``variables``, ``trainable_variables`` and ``regularization_losses``
    (https://www.tensorflow.org/hub/reusable_saved_models). Variables keep their names, and
    BatchNorm its layers, so that blocks are read from it as from the module that it came from.

    Args:
        backbone: with the weights to be saved.
        target: a ``tf.train.Checkpoint``, which takes any attribute.

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
    """Refuses a module whose graph reads what an export could not hold, before any training.

    Raises:
        InputError: with the kind of the resource.
    """
    held = {id(resource.resource_handle) for resource in resources(backbone.module)}
    for tensor in backbone.graph.constants.values():
        if tensor.dtype in (tf.resource, tf.variant) and id(tensor) not in held:
            raise InputError(
                f"backbone.handle: {backbone.handle} reads a {tensor.dtype.name} that the module "
                "does not track, so that no model with it can be saved; make the object that owns "
                "it an attribute of the module, and export that again"
            )
