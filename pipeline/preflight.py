"""Every check that comes before work, whoever schedules the nodes.

A scheduler calls the functions in the order in which they stand here. They import no TensorFlow.
Only what needs the loaded backbone is checked later, in ``pipeline.preparation``.
"""

from collections.abc import Callable, Mapping

from components.image_example_gen import bad_files, golden_set
from components.image_example_gen.image_file import ImageFile
from components.image_example_gen.sources import list_data, spans
from components.records import split_book
from modules import plugins
from modules.errors import InputError
from modules.settings import check_class_weights, check_one_process
from pipeline import expected_splits, golden
from pipeline.configuration import handles
from pipeline.configuration.config import Config
from pipeline.state import owner, recovery
from pipeline.state.root import Root


def claim_root(config: Config, *, adopt: bool = False) -> str:
    """Checks the config by itself, and then claims its root for the pipeline.

    Args:
        config: as loaded.
        adopt: takes over a root that belongs to a pipeline of another name.

    Returns:
        A line about the root that the user should see; empty for none.

    Raises:
        InputError: when the config asks for training in several processes, for a Docker that is
            missing or for a plug-in that is nowhere, when its handle can be no backbone, or when
            the root is another pipeline's.
        StageError: when the root's disk is full.
    """
    check_one_process(config.finetune.distribution)
    find_plugins(config)
    _check_docker(config)
    handles.check(config.backbone.handle, config.backbone.allowed or ())
    return owner.claim(Root(config.root), config, adopt=adopt)


def find_plugins(config: Config, called: Mapping[str, str] | None = None) -> None:
    """Lets the user's own code that a config names be found, and imported as it is now.

    Commands that call none of it, such as those on versions, do not ask for it: a machine that
    serves models need not have it.

    Args:
        config: as loaded, whatever other configs this process has loaded since.
        called: those that are needed, with their keys; all that the config names if None.

    Raises:
        InputError: when a module is nowhere.
    """
    if config.plugins:
        plugins.search_in(config.file.parent)
    for reference, key in (config.plugins if called is None else called).items():
        plugins.check_is_there(reference, key)


def check_data(
    config: Config, say: Callable[[str], None], *, forced: bool = False
) -> list[ImageFile]:
    """Lists the images, says how they are read, and refuses data that cannot be trained on.

    Args:
        config: names the data.
        say: takes a line for the user.
        forced: whether the candidate is blessed whatever the gate's rules say.

    Returns:
        The images.

    Raises:
        InputError: when the images cannot be listed, too many of them cannot be used, a split is
            too small, training would not see a class, a class weight names no class, or the golden
            set has none of the classes.
    """
    options = config.data.ingest()
    listing = list_data(options)
    for line in listing.lines():
        say(line)
    bad_files.check_listed(listing.files, options.max_bad_fraction)
    min_examples = 0 if forced else config.evaluation.min_examples
    book = split_book.read(Root(config.root).split_book) if spans.has_spans(options.path) else None
    expected_splits.check(listing.files, options.splits.shares(), min_examples, book)
    labels = {file.label for file in listing.files if not file.problem}
    check_class_weights(config.finetune, labels)
    golden.check_labels(config, labels)
    return listing.files


def check_golden(config: Config, say: Callable[[str], None]) -> None:
    """Lists the golden set, if the config names one, and says how it is read.

    Args:
        config: may name a golden set.
        say: takes a line for the user.

    Raises:
        InputError: when it cannot be listed, is not the one that the config pins, or is the data
            itself.
    """
    listing = golden.listed(config, keep=True)
    if listing:
        say(golden_set.line(listing))


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
