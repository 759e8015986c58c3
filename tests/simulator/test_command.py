"""Serving: in a thread, as a command of its own, and fast enough."""

import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import httpx
import pytest

from simulator.app import create_app
from simulator.main import main, parser
from simulator.server import listening_socket, running, url_of
from tests.simulator import vendor_document


def test_the_application_runs_in_a_thread_and_stops_with_its_block() -> None:
    before = set(threading.enumerate())

    with running(create_app(())) as url:
        alive = httpx.get(f"{url}/_simulator/tenants", trust_env=False, timeout=60).json()

    assert alive == []
    assert set(threading.enumerate()) <= before
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/_simulator/tenants", trust_env=False, timeout=60)


def test_the_command_prints_its_url_serves_the_demo_and_stops_when_interrupted() -> None:
    command = [sys.executable, "-m", "simulator.main", "--port", "0", "--tenants", "acme_msp,beta_msp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            url = re.search(r"http://\S+", said)
            assert url is not None, said
            listed = httpx.get(f"{url[0]}/_simulator/tenants", trust_env=False, timeout=60).json()
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)

    assert [tenant["company_id"] for tenant in listed] == ["acme_msp", "beta_msp"]
    assert errors == ""


def test_a_port_that_is_taken_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(listening_socket("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code = main(["--port", str(port)])

    assert code == 2
    assert f"can not listen on 127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "99999"], "port"),
        (["--port", "-1"], "port"),
        (["--tenants", "a/b"], "company_id is 1 to 50 letters"),
        (["--tenants", "x,X"], "there is a tenant x already"),
        (["--tenants", "x", "--large", "X"], "there is a tenant x already"),
        (["--large", "a/b"], "company_id is 1 to 50 letters"),
        (["--tls-certificate", "/nowhere/c.pem", "--tls-key", "/nowhere/k.pem"], "/nowhere/c.pem"),
    ],
)
def test_options_that_can_not_be_served_are_answered_with_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code = exit_of(["--port", "0", *arguments])

    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert said in shown.err


def test_files_that_are_no_certificate_are_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("no certificate")

    code = exit_of(["--port", "0", "--tls-certificate", str(certificate), "--tls-key", str(certificate)])

    assert (code, str(certificate) in capsys.readouterr().err) == (2, True)


def exit_of(arguments: list[str]) -> object:
    try:
        return main(arguments)
    except SystemExit as ended:
        return ended.code


def asked_by_curl(line: str) -> httpx.Request:
    """The request of a curl command, as far as the help's example uses curl."""
    method, user, body, url = "GET", None, None, ""
    headers: dict[str, str] = {}
    words = iter(shlex.split(line)[1:])
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-d":
                body = next(words)
            case "-u":
                user = next(words)
            case "-H":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case _:
                url = word
    if user is not None:
        headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    return httpx.Request(method, url, content=body, headers=headers)


def test_the_help_has_an_example_that_an_outsider_can_follow() -> None:
    example = parser().format_help().partition("example, in two terminals:")[2].partition("\n\n")[0]
    start, *calls = re.sub(r"\\\n\s*", "", example).strip().splitlines()
    with running(create_app()) as url, httpx.Client(trust_env=False, timeout=60) as client:
        lines = [re.sub(r"  #.*", "", line).replace("http://127.0.0.1:8090", url) for line in calls]
        info, companies, fault, guide = (client.send(asked_by_curl(line)) for line in lines)
        again = client.send(asked_by_curl(lines[1]))

    assert "psa-ledger simulator --port 8090" == start.strip()
    assert "acme_msp" == info.json()["CompanyID"]
    assert 3 == len(companies.json())
    assert ("throttle", 1) == (fault.json()["kind"], fault.json()["count"])
    assert {"calls", "faults", "actions", "switches"} <= guide.json().keys()
    assert (429, "30") == (again.status_code, again.headers["retry-after"])


def test_whoever_reads_the_url_can_connect_at_once() -> None:
    with (
        closing(listening_socket("127.0.0.1", 0)) as bound,
        socket.create_connection(bound.getsockname()) as connection,
    ):
        assert bound.getsockname() == connection.getpeername()


def test_the_listening_socket_is_one_on_which_answers_do_not_wait() -> None:
    with closing(listening_socket("127.0.0.1", 0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP
        assert url_of(bound).startswith("http://127.0.0.1:")


def test_the_command_loads_nothing_of_the_ledger() -> None:
    """Rooms and libraries that the simulator has no use for: they would more than double its start."""
    code = "import sys; from cli.main import main\ntry: main(['simulator', '--help'])\nfinally: print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.splitlines()[-1].split()}

    assert {"cli", "simulator", "starlette", "uvicorn"} <= loaded
    assert set() == loaded & {"api", "connectwise", "domain", "journal", "projections", "workers"}
    assert set() == loaded & {"cryptography", "dramatiq", "eventsourcing", "graphql", "httpx", "jwt", "psycopg"}


def test_the_command_answers_within_a_second_of_processor_time() -> None:
    """Time on the clock says as much about what else runs on a machine."""
    command = [sys.executable, "-m", "cli.main", "simulator", "--port", "0"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            found = httpx.get(f"{url}/login/companyinfo/acme_msp", trust_env=False, timeout=60).json()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert "acme_msp" == found["CompanyID"]
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 1.0


async def bare(_scope: object, _receive: object, send: Callable[[Any], Awaitable[None]]) -> None:
    """Answers as many bytes as a record has, without thinking."""
    headers = [(b"content-length", b"900"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * 900})


@contextmanager
def reading(app: Any) -> Iterator[Callable[[], float]]:
    """A client on a connection of its own. Shape: the processor time that some hundred reads of a record take."""
    token = b64encode(b"acme_msp+demoPublicKey0001:demoPrivateKey0001").decode()
    request = (
        "GET /v4_6_release/apis/3.0/finance/agreements/1/additions/1 HTTP/1.1\r\n"
        f"Host: localhost\r\nAuthorization: Basic {token}\r\nclientId: x\r\n\r\n"
    ).encode()
    with running(app) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:

            def read() -> float:
                began = process_time()
                for _ in range(300):
                    connection.sendall(request)
                    assert answers.readline().startswith(b"HTTP/1.1 200")
                    length = 0
                    while (header := answers.readline()) != b"\r\n":
                        name, _, value = header.partition(b":")
                        length = int(value) if name == b"content-length" else length
                    answers.read(length)
                return process_time() - began

            yield read


def test_a_single_record_costs_less_than_three_times_what_the_server_and_the_client_cost_anyway() -> None:
    """Both in this process, by turns: how fast the machine is cancels out. `bench/simulator_reads.py` tells seconds."""
    with reading(create_app()) as record, reading(bare) as nothing:
        took = [(record(), nothing()) for _ in range(5)]

    best, least = (min(each) for each in zip(*took, strict=True))
    assert best < 3 * least


@pytest.mark.skipif(not vendor_document.is_present(), reason=vendor_document.MISSING)
def test_the_judge_of_answers_finds_what_the_vendors_document_does_not_know() -> None:
    request = httpx.Request("GET", "http://x/v4_6_release/apis/3.0/company/companies/types")

    vendor_document.judge(httpx.Response(200, json=[{"id": 1, "name": "Customer"}], request=request))
    wrong_answers: list[Any] = [[{"id": "1", "name": "x"}], [{"id": 1}], [{"id": 1, "name": "x", "colour": "red"}], {}]
    for wrong in wrong_answers:
        with pytest.raises(AssertionError):
            vendor_document.judge(httpx.Response(200, json=wrong, request=request))
