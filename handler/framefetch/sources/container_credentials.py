"""Credentials that a container's agent gives out over HTTP, as on Lambda with SnapStart.

obstore does not ask there itself. In: ``AWS_CONTAINER_CREDENTIALS_FULL_URI`` and
``AWS_CONTAINER_AUTHORIZATION_TOKEN``, which the platform sets. Out: keys with the time until which they hold;
obstore keeps them until then. They never enter a message.
Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from framefetch.settings import platform_variable

if TYPE_CHECKING:
    from collections.abc import Callable

_AGENT_S = 2.0


class Credentials(TypedDict):
    """As obstore takes them."""

    access_key_id: str
    secret_access_key: str
    token: str | None
    expires_at: datetime | None


def offered() -> dict[str, Callable[[], Credentials]]:
    """For obstore's S3 store, where the platform gives credentials in this way only; else nothing."""
    is_here = (
        platform_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        and platform_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        and not platform_variable("AWS_ACCESS_KEY_ID")
    )
    return {"credential_provider": fetch} if is_here else {}


def fetch() -> Credentials:
    """Asks the agent.

    Raises:
        OSError: it does not answer, or not with credentials; obstore takes that for the store's fault.
    """
    import urllib3  # noqa: PLC0415 - only where credentials come this way

    try:
        with urllib3.PoolManager() as pool:
            answer = pool.request(
                "GET",
                platform_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
                headers={"Authorization": platform_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")},
                timeout=_AGENT_S,
                retries=False,
                redirect=False,
            )
        row = json.loads(answer.data)
        ends = row.get("Expiration")
        return Credentials(
            access_key_id=row["AccessKeyId"],
            secret_access_key=row["SecretAccessKey"],
            token=row.get("Token"),
            expires_at=datetime.fromisoformat(ends) if ends else None,
        )
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, AttributeError) as fault:
        message = f"The container's agent gave no credentials: {type(fault).__name__}."
        raise OSError(message) from None
