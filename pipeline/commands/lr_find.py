"""``thaw lr-find``: a stage's range test on a config's own images, without running the pipeline."""

import difflib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from components.image_example_gen.sources import list_all
from modules import features
from modules.errors import InputError
from modules.settings import Stage
from modules.text import printable_lines
from pipeline import golden, preflight
from pipeline.commands.lr_report import ImageCounts, RangeTestReport
from pipeline.configuration import handles
from pipeline.configuration.config import Config
from pipeline.state.root import shown

if TYPE_CHECKING:  # These import TensorFlow, which a mistake in the config must not wait for.
    from components.image_example_gen.sample import Sample
    from modules.finetune.context import TrainingContext
    from pipeline.preparation import Prepared

LEAST_STEPS = 20  # with fewer, the smoothing would be of two losses


def find(config: Config, stage: str | None, steps: int, picture: Path | None) -> RangeTestReport:
    """Tests one stage and draws its losses.

    Args:
        config: the configuration of images and schedule.
        stage: the stage's name; None for the first stage.
        steps: how many rates are tried.
        picture: the PNG file to write; None for ``lr_find_<stage>.png`` in the root.

    Raises:
        InputError: when the config, the images, the backbone or an argument cannot be used.
    """
    if config.finetune.schedule != "auto":  # Else the stages depend on the backbone.
        stage_number(config.finetune.stages, stage)
    if steps < LEAST_STEPS:
        raise InputError(f"--steps: got {steps}, must be at least {LEAST_STEPS}; give more")
    preflight.find_plugins(config)
    handles.check(config.backbone.handle, config.backbone.allowed or ())
    options = config.data.ingest().model_copy(update={"earlier": None})
    files = list_all(options)
    golden_images = golden.names(config)

    from components.image_example_gen import sample
    from modules.finetune import lr_find
    from pipeline.commands import lr_picture
    from pipeline.preparation import prepare_config

    prepared = prepare_config(config)
    stages = [planned.stage for planned in prepared.stages]
    number = stage_number(stages, stage)
    chosen = stages[number]
    target = _writable(picture or config.root / f"lr_find_{chosen.name}.png")
    labels = sorted({file.label for file in files if not file.problem}, key=str.encode)
    with tempfile.TemporaryDirectory(prefix="thaw-images-") as folder:
        scratch = Path(folder)
        wanted_images = steps * chosen.batch_size
        images = sample.take(
            files, options, wanted_images, config.finetune.seed, scratch, golden_images
        )
        _check(config, images, chosen.name, chosen.batch_size)
        context = _context(
            config,
            prepared,
            labels=labels,
            images=images,
            scratch=scratch,
            batch_size=chosen.batch_size,
        )
        result = lr_find.range_test(context, prepared.stages, number, steps)
    report = RangeTestReport(
        config=str(config.file),
        stage=chosen.name,
        batch_size=chosen.batch_size,
        configured=chosen.learning_rate.peak,
        steps=steps,
        images=ImageCounts(
            train=context.train.count, validation=context.validation.count, bad=images.bad
        ),
        picture=str(target),
        **asdict(result),
    )
    lr_picture.draw(report, target)
    return report


def stage_number(stages: Sequence[Stage], name: str | None) -> int:
    """Returns a stage's place in the schedule, from 0; None stands for the first stage.

    Raises:
        InputError: when no stage has that name.
    """
    names = [stage.name for stage in stages]
    if name is None:
        return 0
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        remedy = f"did you mean {near[0]}?" if near else f"the schedule has {', '.join(names)}"
        raise InputError(f"--stage: there is no stage {name!r}; {remedy}")
    return names.index(name)


def _writable(picture: Path) -> Path:
    """Returns the picture's absolute path, after creating its folder."""
    picture = picture.absolute()
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--picture: {picture.parent} cannot be created ({error.strerror}); name another file"
        ) from None
    if picture.is_dir():
        raise InputError(f"--picture: {picture} is a folder; name a file")
    return picture


def _check(config: Config, images: "Sample", stage: str, batch_size: int) -> None:
    """Refuses too few training images for a batch, and images without a validation split."""
    if len(images.train) < batch_size:
        raise InputError(
            f"finetune.stages[{stage}].batch_size: got {batch_size}, but {config.data.path} holds "
            f"{len(images.train)} training images that can be decoded ({images.bad} files cannot); "
            "lower it or add images"
        )
    if not images.validation:
        raise InputError(
            f"data.path: {config.data.path} holds no image of the {features.VALIDATION} split; "
            "add images, or give it a larger share in data.splits"
        )


def _context(
    config: Config,
    prepared: "Prepared",
    *,
    labels: Sequence[str],
    images: "Sample",
    scratch: Path,
    batch_size: int,
) -> "TrainingContext":
    """Returns the training context; it has whole batches, since a smaller one scatters more."""
    import tf_keras

    from modules.finetune.classifier import Classifier
    from modules.finetune.context import TrainingContext
    from modules.images import inputs
    from modules.images.feature_cache import Storage
    from modules.settings import check_class_weights

    options = config.finetune
    check_class_weights(options, labels)
    tf_keras.utils.set_random_seed(options.seed)
    storage = Storage(options.cache_mb, options.cache_disk_mb, scratch)
    whole = len(images.train) // batch_size * batch_size
    train, validation = (
        inputs.read_files(
            [file.path for file in files],
            [labels.index(file.label) for file in files],
            prepared.image,
            classes=len(labels),
            storage=storage,
        )
        for files in (images.train[:whole], images.validation)
    )
    return TrainingContext(
        model=Classifier(prepared.backbone, len(labels), options.head, options.seed),
        blocks=prepared.blocks,
        labels=labels,
        train=train,
        validation=validation,
        options=options,
        image=prepared.image,
    )


def as_text(report: RangeTestReport) -> str:
    """Formats the report for people."""
    lines = [
        f"stage {report.stage}: {len(report.losses)} of {report.steps} steps of "
        f"{report.batch_size} images, at rates of {report.rates[0]:.0e} to {report.rates[-1]:.2g}"
        + (", where the loss blew up" if report.blown_up else ""),
    ]
    if report.suggested is None:
        lines.append(
            "nothing to suggest: the loss never falls by more than single batches scatter. The "
            "stage may start where little is left to learn, or need more --steps"
        )
    else:
        lines += [
            f"{'suggested':<11}{report.suggested:<9.2g}where the loss falls steepest",
            f"{'or':<11}{report.tenth_of_least:<9.2g}a tenth of the rate of the least loss",
        ]
    lines += [
        f"{'configured':<11}{report.configured:<9.2g}the stage's learning_rate, its peak",
        f"picture: {shown(report.picture)}",
    ]
    return printable_lines(lines)
