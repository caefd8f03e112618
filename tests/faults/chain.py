"""A root that serves a version, and chains of kills in runs that push the next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.thaw import summary_in
from tests.faults import state, watching
from tests.faults.running import Attempt, Moment, add_digits, started

# What a version that was pushed before the kill changes: Pusher looks whether it is there, and says
# so to the summary.
_LOOK_AGAIN = {"pusher", "run_summary"}


@dataclass
class Served:
    """A root, its images and its serving folder.

    Attributes:
        root: of the runs.
        images: the folder of images.
        elsewhere: the serving folder, where it is not the root's own.
        stages: of the schedule, as YAML; ``LIGHT``'s where it is empty.
        count: how many there are.
        kills: moments at which a run was killed while it was running.
    """

    root: Path
    images: Path
    elsewhere: Path | None = None
    stages: str = ""
    count: int = 0
    kills: list[Moment] = field(default_factory=list)

    @property
    def serving(self) -> Path:
        """The folder of versions."""
        return self.elsewhere or self.root / "serving"

    def arguments(self, seed: int) -> list[str]:
        """Of a run."""
        changed = [f"data.path={self.images}", f"finetune.seed={seed}"]
        if self.stages:
            changed.append(f"finetune.stages={self.stages}")
        if self.elsewhere:
            changed.append(f"push.serving_dir={self.elsewhere}")
        return [part for change in changed for part in ("--set", change)]

    def finish(self, seed: int) -> Attempt:
        """Runs to the end."""
        with started(self.root, *self.arguments(seed)) as attempt:
            status = attempt.wait_for_end()
        errors = (self.root.parent / "stderr").read_text(encoding="utf-8")
        assert status == 0, "\n".join([*attempt.lines, errors])
        return attempt

    def more_images(self, each: int) -> None:
        """Adds images of each class."""
        self.count = add_digits(self.images, self.count // 10, each)

    def chain(self, seed: int, moments: Sequence[Moment]) -> None:
        """Kills runs of one changed config at these moments, one after the other; then checks all.

        Args:
            seed: of the config, none that was run before.
            moments: in the order of the nodes.
        """
        before = watching.numbers(self.serving)
        done: set[str] = set()
        with watching.Watcher(self.serving) as watcher:
            for moment in moments:
                with started(self.root, *self.arguments(seed)) as attempt:
                    attempt.wait_until(moment)
                    if attempt.kill():
                        self.kills.append(moment)
                _check_went_on(attempt, done)
                self._check_serves()
            last = self.finish(seed)
            _check_went_on(last, done)
        watcher.check()
        self._check_serves()
        after = watching.numbers(self.serving)
        assert after[:-1] == before, "one version, and one only, must have come"
        self.check_end(after[-1])

    def _check_serves(self) -> None:
        image = next(self.images.rglob("*.png")).read_bytes()
        for number in watching.numbers(self.serving):
            assert abs(watching.answers(self.serving / str(number), image).sum() - 1) < 1e-3

    def check_end(self, version: int) -> None:
        """All that must hold when a run has ended that pushed this version, or found it pushed."""
        summary = summary_in(self.root)
        assert summary["status"] in ("pushed", "unchanged")
        assert (summary["error"], summary["model_version"]) == (None, version)
        assert (
            sum(sum(counts.values()) for counts in summary["data"]["images"].values()) == self.count
        )
        images = state.examples_of(self.root, summary["run_id"])
        files = [path.read_bytes() for path in self.images.rglob("*.png")]
        assert sorted(images) == sorted(files), "each image must be there once"
        state.check_metadata(self.root, summary["run_id"])
        state.check_folders(self.root, self.serving)


def _check_went_on(attempt: Attempt, done: set[str]) -> None:
    """What earlier attempts had done was not done again; adds what this one did."""
    again = attempt.nodes("done") & done - _LOOK_AGAIN
    assert not again, f"done again: {sorted(again)}"
    done |= attempt.nodes("done")
