"""The one exception for what a person can put right."""


class InputError(ValueError):
    """The configuration or the input is wrong.

    Its message is one line that holds what was got, the rule, and the remedy: it is all that the
    person sees, without a traceback.
    """
