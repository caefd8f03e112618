"""``/healthz`` and ``/metrics`` over a real socket of this machine's own."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from modules.errors import InputError
from pipeline.continuous.service.web import Address, address_of, application, serving


class OneGauge(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("thaw_test", "A value.", 7)


def page(address: Address, path: str, method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9108", Address("127.0.0.1", 9108)),
        ("9108", Address("127.0.0.1", 9108)),
        ("192.0.2.1:80", Address("192.0.2.1", 80)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:9108", Address("::1", 9108)),
    ],
)
def test_an_address_without_a_host_is_loopback(text: str, address: Address) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "here", ":9108", "host:", "host:-1", "host:65536", "::1:80"])
def test_a_wrong_address_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as error:
        address_of(text)
    assert str(error.value) == (
        f"--http: got {text!r}, must be HOST:PORT with a port up to 65535; write it like "
        "127.0.0.1:9108, or [::1]:9108"
    )


def test_the_pages_answer_and_the_server_stops_by_itself() -> None:
    health = (True, "all is well")
    app = application(OneGauge(), lambda: health)
    before = threading.active_count()
    with serving(Address("127.0.0.1", 0), app) as address:
        assert address.port > 0
        assert page(address, "/healthz") == (200, "all is well\n")
        assert page(address, "/healthz", "HEAD") == (200, "")
        health = (False, "nothing was decided")
        assert page(address, "/healthz") == (503, "nothing was decided\n")
        assert page(address, "/healthz", "DELETE") == (405, "use GET\n")
        assert page(address, "/") == (404, "there are /healthz and /metrics\n")
        status, text = page(address, "/metrics")
        assert status == 200
        assert "# HELP thaw_test A value.\n# TYPE thaw_test gauge\nthaw_test 7.0\n" in text
        assert page(address, "/metrics", "POST")[0] == 405
    assert threading.active_count() == before
    with pytest.raises(urllib.error.URLError):
        page(address, "/healthz")


def test_a_busy_port_is_refused_in_one_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InputError) as error, serving(Address("127.0.0.1", port), _unused):
            pass
    assert str(error.value) == (
        f"--http: nothing can listen at 127.0.0.1:{port} (Address already in use); name another "
        "address or port, such as 127.0.0.1:9108"
    )


def test_an_address_that_is_not_this_machines_is_refused_in_one_line() -> None:
    with (
        pytest.raises(InputError, match=r"^--http: nothing can listen at 192\.0\.2\.1:0 \(Can"),
        serving(Address("192.0.2.1", 0), _unused),
    ):
        pass


def _unused(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("nobody asks")
