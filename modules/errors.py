"""The exceptions that a person sees: what can be put right, and what has failed."""

from modules.text import printable, without_secrets


class InputError(ValueError):
    """The configuration or the input is wrong.

    Its message is one line that holds what was got, the rule, and the remedy: it is all that the
    person sees, without a traceback. Labels, paths and addresses in it are made ``printable``, and
    addresses lose what may be a secret (``without_secrets``).
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(without_secrets(message)))


class StageError(RuntimeError):
    """A stage failed for a reason that is none of the person's mistakes.

    Its message is one line that holds the stage, the reason, and where the log is.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(without_secrets(message)))


class BusyError(StageError):
    """Another holds what is needed: the same command may go through later.

    Its message is one line that holds who that is, as far as it is known.
    """


class Interrupted(Exception):  # noqa: N818 it is no error
    """A signal has ended the work.

    Its message is one line that says what was done then, and how to go on.

    Attributes:
        status: the exit status, 128 and the signal's number, as shells have it.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(printable(message))
        self.status = 128 + number
