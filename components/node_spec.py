"""What a node takes and gives, in the few words that differ from node to node."""

from collections.abc import Collection, Mapping
from typing import Any

from tfx.types import BaseChannel, Channel
from tfx.types.artifact import Artifact
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter


def node_spec(
    properties: Mapping[str, type],
    inputs: Mapping[str, type[Artifact]],
    outputs: Mapping[str, type[Artifact]],
    *,
    by_driver: Collection[str] = (),
    optional: Collection[str] = (),
) -> type[ComponentSpec]:
    """A component's ``SPEC_CLASS``.

    Args:
        properties: the type of each execution property; all are part of the cache's key.
        inputs: the type of the artifacts of each input channel.
        outputs: likewise.
        by_driver: further properties, of type str, that the node's driver fills in.
        optional: the inputs that a graph may leave out.
    """
    parameters = {key: ExecutionParameter(type=kind) for key, kind in properties.items()}
    parameters |= {key: ExecutionParameter(type=str, optional=True) for key in by_driver}
    takes = {
        key: ChannelParameter(type=kind, optional=key in optional) for key, kind in inputs.items()
    }
    gives = {key: ChannelParameter(type=kind) for key, kind in outputs.items()}
    members = {"PARAMETERS": parameters, "INPUTS": takes, "OUTPUTS": gives}
    return type("NodeSpec", (ComponentSpec,), members)


def filled(
    spec: type[ComponentSpec], channels: Mapping[str, BaseChannel | None], **properties: Any
) -> ComponentSpec:
    """A spec with its values, for the constructor of a component.

    Args:
        spec: the component's ``SPEC_CLASS``.
        channels: by input; None stands for an optional one that the graph leaves out.
        **properties: the execution properties.

    Returns:
        The spec, with a new channel for each output.
    """
    outputs = {key: Channel(type=output.type) for key, output in spec.OUTPUTS.items()}
    inputs = {key: channel for key, channel in channels.items() if channel}
    return spec(**inputs, **outputs, **properties)
