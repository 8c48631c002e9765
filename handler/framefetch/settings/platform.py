"""What is read of the environment beside the settings: what platforms and clouds set for their functions."""

from __future__ import annotations

import os


def platform_variable(name: str) -> str:
    """A variable that a platform sets for its functions; empty where there is none.

    Raises:
        KeyError: `name` is none of `PLATFORM_VARIABLES`.
    """
    if name not in PLATFORM_VARIABLES:
        raise KeyError(name)
    return os.environ.get(name, "")


PLATFORM_VARIABLES = frozenset(
    {
        # Of Lambda: opens the extension that holds secrets and parameters, at its port.
        "AWS_SESSION_TOKEN",
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
        # Of Lambda with SnapStart: where the role's keys are given out, instead of the first of these.
        "AWS_ACCESS_KEY_ID",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        # Of Function Compute: the function's role. The others are those that oss2's own users set.
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "ALIBABA_CLOUD_SECURITY_TOKEN",
        "OSS_ACCESS_KEY_ID",
        "OSS_ACCESS_KEY_SECRET",
        "OSS_SESSION_TOKEN",
    }
)
"""What clients need that cannot look themselves."""
