"""Whether TensorFlow Serving's own image can be run here."""

import docker
from docker.errors import DockerException

_SECONDS = 10


def docker_problem() -> str | None:
    """Why ``infra.validator: docker`` cannot be used here, in one line; None where it can."""
    try:
        client = docker.from_env(timeout=_SECONDS)
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        reason = " ".join(str(error).split())
        return (
            f"infra.validator is docker, but no Docker daemon answers here ({reason[:200]}); start "
            "one, or use validator: process"
        )
    return None
