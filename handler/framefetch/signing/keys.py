"""Key pairs, and the ring of those that are accepted. In: text or values. A secret is never shown."""

from __future__ import annotations

# Named tuples: a request without a valid signature is refused by this package alone, and dataclasses
# would take half of the time that its import takes.
from typing import NamedTuple, Self

_ID_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def is_access_key_id(text: str) -> bool:
    """Whether a text can be an AccessKeyId at all; OSS refuses others before it looks them up."""
    return bool(text) and _ID_SIGNS.issuperset(text)


class _Pair(NamedTuple):
    access_key_id: str
    secret: str
    security_token: str | None
    prefix: str


class KeyPair(_Pair):
    """One AccessKeyId with its secret, and what it may read.

    Args:
        access_key_id: public; letters, digits, ``.``, ``_`` and ``-``.
        secret: never shown.
        security_token: of an STS session; a request must then carry exactly this token.
        prefix: the pair opens only keys that start with this, and none with a ``..`` in its path.

    Raises:
        ValueError: an id that cannot be one, or no secret.
    """

    __slots__ = ()

    def __new__(
        cls, access_key_id: str, secret: str, security_token: str | None = None, prefix: str = ""
    ) -> Self:
        """Refuses what could never sign: an empty secret would let everybody in."""
        if not is_access_key_id(access_key_id):
            message = "an AccessKeyId is made of letters, digits, '.', '_' and '-'"
            raise ValueError(message)
        if not secret:
            message = f"the key pair {access_key_id} has no secret"
            raise ValueError(message)
        return super().__new__(cls, access_key_id, secret, security_token, prefix)

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"KeyPair(access_key_id={self.access_key_id!r}, prefix={self.prefix!r})"

    def opens(self, key: str) -> bool:
        """Whether this pair may read a key."""
        return within(key, self.prefix)


def within(key: str, prefix: str) -> bool:
    """Whether a decoded key lies under a prefix; all do under an empty one.

    A ``..`` is only a name to an object store, but some HTTP stores climb out of the prefix with it.
    """
    return not prefix or (key.startswith(prefix) and ".." not in key.split("/"))


class Keyring(NamedTuple):
    """The pairs that are accepted, in order; an id may come twice (two tokens, two prefixes)."""

    pairs: tuple[KeyPair, ...] = ()

    def named(self, access_key_id: str) -> tuple[KeyPair, ...]:
        """The pairs of an id."""
        return tuple(pair for pair in self.pairs if pair.access_key_id == access_key_id)

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Reads pairs: one a line, ``id:secret [prefix=…] [token=…]``, or JSON.

        JSON is a list of objects (or one object) with ``access_key_id``, ``access_key_secret`` and, where
        wanted, ``security_token`` and ``prefix``.

        Raises:
            ValueError: names the place, never the secret.
        """
        text = text.strip()
        if text[:1] in ("[", "{"):
            return cls(tuple(_from_json(text)))
        lines = [line.strip() for line in text.splitlines()]
        return cls(tuple(_from_line(line, at) for at, line in enumerate(lines, 1) if line and line[0] != "#"))


_JSON_NAMES = {
    "access_key_id": "access_key_id",
    "access_key_secret": "secret",
    "security_token": "security_token",
    "prefix": "prefix",
}


def _from_json(text: str) -> list[KeyPair]:
    import json  # noqa: PLC0415 - costs milliseconds, and is only needed where keys are JSON

    try:
        rows = json.loads(text)
    except ValueError:
        message = "the key pairs are not valid JSON"
        # Without a cause: json's own error holds the whole text.
        raise ValueError(message) from None
    pairs = []
    for at, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        known = isinstance(row, dict) and row.keys() <= _JSON_NAMES.keys()
        if not known or not all(isinstance(value, str) for value in row.values()):
            message = f"key pair {at}: an object of texts named {', '.join(_JSON_NAMES)} is expected"
            raise ValueError(message)
        pairs.append(_pair({_JSON_NAMES[name]: value for name, value in row.items()}, f"key pair {at}"))
    return pairs


def _from_line(line: str, at: int) -> KeyPair:
    credentials, *options = line.split()
    access_key_id, _, secret = credentials.partition(":")
    values = {"access_key_id": access_key_id, "secret": secret}
    for option in options:
        name, _, value = option.partition("=")
        if name not in ("prefix", "token") or not value:
            message = f"line {at}: after id:secret come prefix=… and token=…"
            raise ValueError(message)
        values["security_token" if name == "token" else name] = value
    return _pair(values, f"line {at}")


def _pair(values: dict[str, str], where: str) -> KeyPair:
    try:
        return KeyPair(
            access_key_id=values.get("access_key_id", ""),
            secret=values.get("secret", ""),
            security_token=values.get("security_token") or None,
            prefix=values.get("prefix", ""),
        )
    except ValueError as error:
        message = f"{where}: {error}"
        raise ValueError(message) from None
