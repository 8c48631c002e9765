"""How requests to OSS are signed: with credentials of the environment, of a role, or not at all.

In: what the source's options say. Out: oss2's own object for it. A secret never enters a message.
"""

from __future__ import annotations

from typing import Any

import oss2

from framefetch.errors import SourceError
from framefetch.settings import platform_variable

ROLE_URL = "http://100.100.100.200/latest/meta-data/ram/security-credentials/"
"""Where an ECS instance finds its role's credentials (ECS, "Instance RAM roles")."""


class FromEnvironment:
    """Credentials as Function Compute gives them, or as oss2's users set them; looked up each time."""

    def get_credentials(self) -> Any:  # noqa: ANN401 - oss2 has no types
        """The first pair that is there."""
        for prefix, token in (("ALIBABA_CLOUD", "SECURITY_TOKEN"), ("OSS", "SESSION_TOKEN")):
            access_key_id = platform_variable(f"{prefix}_ACCESS_KEY_ID")
            secret = platform_variable(f"{prefix}_ACCESS_KEY_SECRET")
            if access_key_id and secret:
                return oss2.credentials.Credentials(
                    access_key_id, secret, platform_variable(f"{prefix}_{token}")
                )
        raise SourceError(
            hint="No credentials for the store were found; ?anonymous=true reads public buckets.",
            detail="neither ALIBABA_CLOUD_ACCESS_KEY_ID nor OSS_ACCESS_KEY_ID is set",
        )


def auth_of(*, anonymous: bool, role: str, version: str) -> Any:  # noqa: ANN401 - oss2 has no types
    """How requests are signed.

    Args:
        anonymous: not at all.
        role: RAM role of this ECS instance; empty takes the environment's credentials.
        version: of the signature, ``v4`` or ``v1``.
    """
    if anonymous:
        return oss2.AnonymousAuth()
    provider: Any = FromEnvironment()
    if role:
        provider = oss2.credentials.EcsRamRoleCredentialsProvider(ROLE_URL + role, max_retries=1, timeout=2)
    return (oss2.ProviderAuth if version == "v1" else oss2.ProviderAuthV4)(provider)
