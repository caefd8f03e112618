"""Opens an address, and follows redirects within the rules that docs/security.md states."""

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
    """Requests an address, and returns the response after all redirects.

    ``https`` may redirect only to ``https``. No redirect may lead to an address with a user, nor to
    a machine on a private network (RFC 1918, loopback and the like) unless the handle's own host is
    on one. The connection itself is checked for this, so that no host name can hide it.

    Args:
        handle: the configured handle.
        address: the address to request.
        context: the TLS context for ``https``.

    Raises:
        InputError: when a redirect breaks these rules.
        OSError: as ``urllib`` raises it.
    """
    if "@" in urlsplit(handle).netloc:
        raise InputError(
            f"backbone.handle: {without_secrets(handle)} was given with a user, which is not sent; "
            "use an address that needs none, or a folder that you have unpacked"
        )
    redirects = _Redirects(handle, own_is_private=is_private(urlsplit(handle).hostname or ""))
    opener = urllib.request.build_opener(_Http(redirects), _Https(redirects, context), redirects)
    return opener.open(urllib.request.Request(address))


def is_private(host: str) -> bool:
    """Whether a host name or IP address belongs to a machine that is not on the public internet.

    A name that does not resolve here counts as public, since a proxy may resolve it.
    """
    with contextlib.suppress(OSError, UnicodeError):
        return any(_is_private(str(address[4][0])) for address in socket.getaddrinfo(host, None))
    return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows the redirects that the rules allow."""

    def __init__(self, handle: str, *, own_is_private: bool) -> None:
        self._handle, self._own_is_private = handle, own_is_private

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Checks a redirect; urllib calls this with its target."""
        split = urlsplit(newurl)
        schemes = ("https",) if req.type == "https" else ("http", "https")
        if split.scheme not in schemes:
            self.refuse(newurl, f"is not {' or '.join(schemes)}")
        if "@" in split.netloc:
            self.refuse(newurl, "names a user")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and not self._own_is_private:
            host = split.hostname or ""
            if (
                _is_number(host) or host == "localhost"
            ):  # For other names the connection is checked.
                self.check_peer(newurl, host if _is_number(host) else "127.0.0.1")
            request.checked_peer = newurl  # type: ignore[attr-defined]
        return request

    def check_peer(self, address: str, peer: str) -> None:
        """Refuses a redirect to a private machine.

        Args:
            address: the target of the redirect.
            peer: the IP address of the machine behind it.
        """
        if _is_private(peer):
            self.refuse(address, "is on a private network, where the handle is not")

    def refuse(self, address: str, why: str) -> None:
        """Raises an ``InputError`` for a redirect."""
        raise InputError(
            f"backbone.handle: {without_secrets(self._handle)} redirects to "
            f"{without_secrets(address)}, which {why}; give the address where the archive is"
        )


class _Http(urllib.request.HTTPHandler):
    def __init__(self, redirects: _Redirects) -> None:
        super().__init__()
        self._redirects = redirects

    def http_open(self, req: Any) -> Any:
        """Opens a connection; urllib calls this."""
        return self.do_open(_watched(http.client.HTTPConnection, req, self._redirects), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, redirects: _Redirects, context: Any) -> None:
        super().__init__(context=context)
        self._redirects, self._own_context = redirects, context

    def https_open(self, req: Any) -> Any:
        """Opens a connection; urllib calls this."""
        watched = _watched(http.client.HTTPSConnection, req, self._redirects)
        return self.do_open(watched, req, context=self._own_context)


def _watched(kind: Any, request: Any, redirects: _Redirects) -> Any:
    """Returns a connection class that checks the peer before it sends a request."""
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
    address = ipaddress.ip_address(number.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global
