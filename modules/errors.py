"""The exceptions that a person sees: for mistakes that can be corrected, and for failures."""

from modules.text import printable, without_secrets


class InputError(ValueError):
    """The configuration or the input is wrong.

    Its message is one line with what was got, the rule, and the remedy. The person sees this line
    alone, without a traceback. Labels, paths and addresses in it are made ``printable``, and
    addresses lose possible secrets (``without_secrets``).
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(without_secrets(message)))


class StageError(RuntimeError):
    """A stage failed for a reason other than a person's mistake.

    Its message is one line with the stage, the reason, and the place of the log.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(without_secrets(message)))


class BusyError(StageError):
    """Another process holds a lock that is needed; the same command may succeed later.

    Its message is one line that names that process, as far as it is known.
    """


class Interrupted(Exception):  # noqa: N818 this is not an error
    """A signal has ended the work.

    Its message is one line that says how far the work was, and how to go on.

    Attributes:
        status: the exit status, 128 plus the signal's number, as in shells.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(printable(message))
        self.status = 128 + number
