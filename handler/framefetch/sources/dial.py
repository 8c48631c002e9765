"""Connections that go only where they may: urllib3's, with the address checked as it is dialled.

In: a host, a policy and a budget. Out: pooled connections whose name was resolved once, whose every
address was checked, and which were made to one of the addresses checked; TLS still sees the name. So
a name server that answers differently the second time changes nothing. No read outlasts the budget.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import ssl
import threading
from dataclasses import dataclass, field
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError

from framefetch.budget import now_unix
from framefetch.errors import AccessDenied
from framefetch.sources.waits import CONNECT_S, IDLE_S

if TYPE_CHECKING:
    from framefetch.budget import Budget
    from framefetch.sources.addresses import AddressPolicy

# Its messages hold URLs, whose queries may be secrets; what matters in them we raise ourselves.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

SHORTEST_WAIT_S = 0.001


@dataclass(slots=True)
class Dialler:
    """Makes the pools of one source, one an origin, and tells their connections of the budget."""

    policy: AddressPolicy
    _pools: dict[tuple[str, str, int], urllib3.HTTPConnectionPool] = field(init=False, default_factory=dict)
    _current: threading.local = field(init=False, default_factory=threading.local)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def request(
        self,
        origin: tuple[str, str, int],
        target: str,
        headers: dict[str, str],
        budget: Budget,
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Sends one request and returns as soon as the headers are there.

        Raises:
            AccessDenied: the host has an address that we may not connect to.
            urllib3.exceptions.HTTPError: anything else that went wrong.
        """
        budget.check()
        self._current.budget = budget
        left_s = max(budget.remaining_s, SHORTEST_WAIT_S)
        try:
            return self._pool(origin).urlopen(
                method,
                target,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(CONNECT_S, left_s), read=left_s),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError):
            # Where one connection turned out dead, those that rested as long are dead too.
            self.forget()
            raise

    def forget(self) -> None:
        """Drops the connections that wait to be used again."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    @property
    def budget(self) -> Budget:
        """The budget of the request that this thread is sending."""
        return cast("Budget", self._current.budget)

    def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """A socket to the host, after all its addresses were checked."""
        deadline_s = self.budget.elapsed_s + timeout_s
        found = _resolve(host, port, timeout_s)
        for _, _, _, _, where in found:
            if not self.policy.allows(ip_address(str(where[0]))):
                raise AccessDenied(
                    "The source is in a network that may not be read.",
                    hint="FRAMEFETCH_NETWORKS names the private networks that sources may be in.",
                    detail=f"{host} has the address {where[0]}",
                )
        fault: OSError = OSError("no address")
        for family, kind, protocol, _, where in found:
            left_s = deadline_s - self.budget.elapsed_s
            if left_s <= 0:
                raise TimeoutError
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(left_s)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.connect(where)
                # What is left is for the TLS handshake.
                made.settimeout(max(deadline_s - self.budget.elapsed_s, SHORTEST_WAIT_S))
            except OSError as error:
                made.close()
                fault = error
            else:
                return made
        raise fault

    def _pool(self, origin: tuple[str, str, int]) -> urllib3.HTTPConnectionPool:
        with self._lock:
            pool = self._pools.get(origin)
            if pool is None:
                scheme, host, port = origin
                if scheme == "https":
                    context = ssl.create_default_context()
                    pool = _CheckedHTTPSPool(host, port, maxsize=32, dialler=self, ssl_context=context)
                else:
                    pool = _CheckedHTTPPool(host, port, maxsize=32, dialler=self)
                self._pools[origin] = pool
            return pool


def _resolve(host: str, port: int, timeout_s: float) -> list[Any]:
    """getaddrinfo, which knows no timeout, given up after one."""
    answer: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as fault:
            answer.put(fault)
        except UnicodeError as fault:
            answer.put(socket.gaierror(socket.EAI_NONAME, str(fault)))

    threading.Thread(target=ask, name="framefetch-resolve", daemon=True).start()
    try:
        found = answer.get(timeout=timeout_s)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, OSError):
        raise found
    return found


class _BoundedRaw(io.RawIOBase):
    """A socket's bytes, where every single read waits no longer than the budget allows."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, budget: Budget) -> None:
        self._raw = raw
        self._socket = connection
        self._budget = budget
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as the base class has it
        left_s = self._budget.remaining_s
        if left_s <= 0:
            raise TimeoutError
        self._socket.settimeout(max(left_s, SHORTEST_WAIT_S))
        count = cast("int | None", self._raw.readinto(buffer))
        self.ended = count == 0
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer that is read within the budget, and whose headers are all there."""

    def __init__(self, sock: socket.socket, budget: Budget, *more: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *more, **named)
        self._bounded = _BoundedRaw(self.fp.detach(), sock, budget)
        self.fp = io.BufferedReader(self._bounded)

    def begin(self) -> None:
        """Reads the headers. To the base class the end of a connection is the end of them, too."""
        super().begin()
        if self._bounded.ended:
            message = "the headers broke off"
            raise http.client.RemoteDisconnected(message)


class _CheckedConnection(HTTPConnection):
    """urllib3's connection, dialled by a `Dialler`."""

    def __init__(self, *args: Any, dialler: Dialler, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._dialler = dialler
        self._used_at_s = now_unix()

        def response(sock: socket.socket, *more: Any, **named: Any) -> http.client.HTTPResponse:  # noqa: ANN401
            made = _BoundedResponse(sock, dialler.budget, *more, **named)
            self._used_at_s = now_unix()
            return made

        self.response_class = response  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        timeout_s = min(CONNECT_S, self._dialler.budget.remaining_s)
        try:
            return self._dialler.connect(self.host, self.port, timeout_s)
        except socket.gaierror as fault:
            raise NameResolutionError(self.host, self, fault) from fault
        except TimeoutError as fault:
            raise ConnectTimeoutError(self, f"no connection within {timeout_s:g} s") from fault
        except OSError as fault:
            raise NewConnectionError(self, str(fault)) from fault

    @property
    def is_connected(self) -> bool:
        """Whether it can be used once more."""
        return now_unix() - self._used_at_s < IDLE_S and super().is_connected


class _CheckedTLSConnection(_CheckedConnection, HTTPSConnection):
    """The same over TLS; the name goes into SNI and the certificate's check."""


class _CheckedHTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _CheckedConnection


class _CheckedHTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _CheckedTLSConnection
