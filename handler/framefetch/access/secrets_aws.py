"""A secret of AWS by its ARN. In: the ARN of a secret (Secrets Manager) or parameter (SSM); out: its text.

Asked once, at the start: through the AWS Parameters and Secrets extension on this machine where it is
attached and ready, else through boto3. The text never enters a message.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from framefetch.settings import BadSetting, platform_variable

_ARN = r"arn:[a-z-]+:(secretsmanager|ssm):([a-z0-9-]+):[0-9]*:(.+)"
_EXTENSION_S = 3.0


def is_arn(text: str) -> bool:
    """Whether a setting's value names a secret instead of being one."""
    return text.startswith("arn:")


def check_arn(arn: str) -> tuple[str, str]:
    """The service and the region of a secret; asks nobody.

    Raises:
        ValueError: the ARN names none.
    """
    found = re.fullmatch(_ARN, arn)
    if found is None or (found[1] == "ssm") != found[3].startswith("parameter/"):
        message = f"{arn!r} is not the ARN of a secret of Secrets Manager or of a parameter of SSM"
        raise ValueError(message)
    return found[1], found[2]


def fetch(arn: str) -> str:
    """The text of a secret.

    Raises:
        BadSetting: the ARN names none, or it cannot be read.
    """
    try:
        service, region = check_arn(arn)
    except ValueError as error:
        message = f"{error}."
        raise BadSetting(message) from None
    text = _from_extension(service, arn)
    return _from_boto3(service, region, arn) if text is None else text


def _from_extension(service: str, arn: str) -> str | None:
    """The text, or None where there is no extension, or none that answers this."""
    token = platform_variable("AWS_SESSION_TOKEN")
    if not token:
        return None
    import urllib3  # noqa: PLC0415 - only deployments with an ARN need it

    port = platform_variable("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT") or "2773"
    name = quote(arn, safe="")
    what = f"secretsmanager/get?secretId={name}"
    if service == "ssm":
        what = f"systemsmanager/parameters/get?name={name}&withDecryption=true"
    url = f"http://localhost:{port}/{what}"
    try:
        with urllib3.PoolManager() as pool:
            answer = pool.request(
                "GET",
                url,
                headers={"X-Aws-Parameters-Secrets-Token": token},
                timeout=_EXTENSION_S,
                retries=False,
                redirect=False,
            )
        if answer.status != 200:
            # It is not ready while a function starts, on some runtimes; boto3 says what else is wrong.
            return None
        row = json.loads(answer.data)
        return str(row["SecretString"] if service == "secretsmanager" else row["Parameter"]["Value"])
    except (urllib3.exceptions.HTTPError, ValueError, KeyError):
        return None


def _from_boto3(service: str, region: str, arn: str) -> str:
    try:
        import boto3  # noqa: PLC0415 - slow, and only needed without the extension
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError as error:
        message = f"{arn} cannot be read: boto3 is not installed, nor is the secrets extension attached."
        raise BadSetting(message) from error
    client = boto3.client(service, region_name=region)
    try:
        if service == "ssm":
            return str(client.get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"])
        return str(client.get_secret_value(SecretId=arn)["SecretString"])
    except (BotoCoreError, ClientError, KeyError) as error:
        reason = getattr(error, "response", {}).get("Error", {}).get("Code") or type(error).__name__
        message = f"{arn} cannot be read: {reason}."
        raise BadSetting(message) from None
