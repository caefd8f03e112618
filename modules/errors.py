"""The exceptions that a person sees: what can be put right, and what has failed."""


class InputError(ValueError):
    """The configuration or the input is wrong.

    Its message is one line that holds what was got, the rule, and the remedy: it is all that the
    person sees, without a traceback.
    """


class StageError(RuntimeError):
    """A stage failed for a reason that is none of the person's mistakes.

    Its message is one line that holds the stage, the reason, and where the log is.
    """
