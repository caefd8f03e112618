"""Every check that comes before work, whoever schedules it, in the order of the functions here.

None of them imports TensorFlow. Only what a loaded backbone shows is checked later, by
``pipeline.preparation``.
"""

from collections.abc import Callable

from components.image_example_gen import bad_files
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_data
from modules.errors import InputError
from modules.settings import check_class_weights, check_one_process
from pipeline import expected_splits, handles, owner, recovery
from pipeline.config import Config
from pipeline.root import Root


def claim_root(config: Config, *, adopt: bool = False) -> str:
    """Checks what the config says by itself, and then makes its root the pipeline's own.

    Args:
        config: as loaded.
        adopt: takes over a root that belongs to a pipeline of another name.

    Returns:
        What a person should know about the root; empty for nothing.

    Raises:
        InputError: when the training asks for several processes, Docker is asked for and missing,
            the backbone's handle cannot be used, or the root is another pipeline's.
        StageError: when the root's disk is full.
    """
    check_one_process(config.finetune.distribution)
    _check_docker(config)
    handles.check(config.backbone.handle, config.backbone.allowed or ())
    return owner.claim(Root(config.root), config, adopt=adopt)


def check_data(
    config: Config, say: Callable[[str], None], *, forced: bool = False
) -> list[ImageFile]:
    """Lists the images, says how they are read, and refuses what cannot be trained on.

    Args:
        config: whose data it is.
        say: takes a line for a person.
        forced: whether the gate's rules do not count.

    Returns:
        The images.

    Raises:
        InputError: when the images cannot be listed, too many of them cannot be used, a split is
            too small, training would not see a class, or a class has a weight and no image.
    """
    options = config.data.ingest()
    listing = list_data(options)
    for line in listing.lines():
        say(line)
    bad_files.check_listed(listing.files, options.max_bad_fraction)
    min_examples = 0 if forced else config.evaluation.min_examples
    expected_splits.check(listing.files, options.splits.shares(), min_examples)
    labels = {file.label for file in listing.files if not file.problem}
    check_class_weights(config.finetune, labels)
    return listing.files


def check_metadata(config: Config) -> None:
    """Checks ML Metadata's file, while no other run holds the root.

    Raises:
        InputError: when the file is damaged.
    """
    recovery.check_metadata(Root(config.root))


def _check_docker(config: Config) -> None:
    if config.infra.validator != "docker":
        return
    from components.infra_check.docker import docker_problem

    problem = docker_problem()
    if problem:
        raise InputError(problem)
