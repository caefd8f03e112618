"""Opens an address, and follows its server to others within rules that docs/security.md states."""

import contextlib
import http.client
import ipaddress
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from modules.errors import InputError
from modules.text import without_secrets


def open_address(handle: str, address: str, context: Any) -> Any:
    """The answer to a request, after all that its server leads on to.

    From ``https`` a server may lead to ``https`` alone. None may lead to an address with a user in
    it, nor to a machine that is private to this network (RFC 1918, loopback and the like) where the
    handle's own is not; that is asked of the connection itself, so that no name can hide it.

    Args:
        handle: what was configured, whose host counts as its own.
        address: what is asked for.
        context: of TLS, for ``https``.

    Raises:
        InputError: when a server leads elsewhere.
        OSError: as ``urllib`` raises it.
    """
    if "@" in urlsplit(handle).netloc:
        raise InputError(
            f"backbone.handle: {without_secrets(handle)} was given with a user, which is not sent; "
            "take an address that needs none, or a folder that you have unpacked"
        )
    redirects = _Redirects(handle, own_is_private=is_private(urlsplit(handle).hostname or ""))
    opener = urllib.request.build_opener(_Http(redirects), _Https(redirects, context), redirects)
    return opener.open(urllib.request.Request(address))


def is_private(host: str) -> bool:
    """Whether a name or number stands for a machine that the whole internet does not reach.

    A name that is not known here is none: a proxy may know it.
    """
    with contextlib.suppress(OSError, UnicodeError):
        return any(_is_private(str(one[4][0])) for one in socket.getaddrinfo(host, None))
    return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to where it may lead."""

    def __init__(self, handle: str, *, own_is_private: bool) -> None:
        self._handle, self._own_is_private = handle, own_is_private

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Called by urllib with where the server leads."""
        split = urlsplit(newurl)
        schemes = ("https",) if req.type == "https" else ("http", "https")
        if split.scheme not in schemes:
            self.refuse(newurl, f"is not {' or '.join(schemes)}")
        if "@" in split.netloc:
            self.refuse(newurl, "names a user")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and not self._own_is_private:
            host = split.hostname or ""
            if _is_number(host) or host == "localhost":  # Of any other name, the connection shows.
                self.check_peer(newurl, host if _is_number(host) else "127.0.0.1")
            request.checked_peer = newurl  # type: ignore[attr-defined]
        return request

    def check_peer(self, address: str, peer: str) -> None:
        """Refuses to have been led to a private machine.

        Args:
            address: that the server named.
            peer: the number of the machine behind it.
        """
        if _is_private(peer):
            self.refuse(address, "is on a private network, where the handle is not")

    def refuse(self, address: str, why: str) -> None:
        """Raises an ``InputError`` for an address that a server named."""
        raise InputError(
            f"backbone.handle: {without_secrets(self._handle)} leads on to "
            f"{without_secrets(address)}, which {why}; give the address where the archive is"
        )


class _Http(urllib.request.HTTPHandler):
    def __init__(self, redirects: _Redirects) -> None:
        super().__init__()
        self._redirects = redirects

    def http_open(self, req: Any) -> Any:
        """Called by urllib to connect."""
        return self.do_open(_watched(http.client.HTTPConnection, req, self._redirects), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, redirects: _Redirects, context: Any) -> None:
        super().__init__(context=context)
        self._redirects, self._own_context = redirects, context

    def https_open(self, req: Any) -> Any:
        """Called by urllib to connect."""
        watched = _watched(http.client.HTTPSConnection, req, self._redirects)
        return self.do_open(watched, req, context=self._own_context)


def _watched(kind: Any, request: Any, redirects: _Redirects) -> Any:
    """A kind of connection that looks at whom it has reached before it asks anything."""
    address = getattr(request, "checked_peer", None)
    if address is None or request.has_proxy():
        return kind

    named = str(address)

    class Watched(kind):
        def connect(self) -> None:
            super().connect()
            redirects.check_peer(named, self.sock.getpeername()[0])

    return Watched


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_private(number: str) -> bool:
    one = ipaddress.ip_address(number.partition("%")[0])
    mapped = getattr(one, "ipv4_mapped", None)
    return not (mapped or one).is_global
