"""Single records read from the simulator, which must not be what our other benches measure.

Promise: 1,000 reads a second, and the first answer of the command within a second of its start. One connection after
the other shows what a read costs, four at a time what a worker that keeps to its allowance gets.
"""

import http.client
import statistics
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

from bench.running import CHECKOUT
from simulator import demo

READS, STARTS = 1_500, 5
PROMISED_PER_SECOND, PROMISED_START = 1_000, 1.0
KEYS = f"{demo.DEMO_COMPANY_ID}+{demo.DEMO_PUBLIC_KEY}:{demo.DEMO_PRIVATE_KEY}"
HEADERS = {"Authorization": f"Basic {b64encode(KEYS.encode()).decode()}", "clientId": "bench"}
RECORD = "/v4_6_release/apis/3.0/finance/agreements/1/additions/1"


def measure() -> Iterator[str]:
    starts = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with simulator() as port:
            read(http.client.HTTPConnection("127.0.0.1", port), f"/login/companyinfo/{demo.DEMO_COMPANY_ID}")
            starts.append(time.perf_counter() - began)
    start = statistics.median(starts)
    yield (
        f"first answer: median {start:.2f} s after the start, over {STARTS};"
        f" limit {PROMISED_START:g} s, ratio {start / PROMISED_START:.2f}"
    )
    with simulator() as port:
        for connections in (1, 4):
            rates = [rate(port, connections) for _ in range(3)]
            middle = statistics.median(rates)
            yield (
                f"reads of one addition over {connections} connection{'s'[: connections - 1]}: median {middle:,.0f}/s;"
                f" promised {PROMISED_PER_SECOND:,}/s, ratio {middle / PROMISED_PER_SECOND:.2f}"
            )


@contextmanager
def simulator() -> Iterator[int]:
    """The command on a free port."""
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "simulator", "--port", "0"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def rate(port: int, connections: int) -> float:
    """Reads a second."""

    def reader() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(READS // connections):
            read(connection, RECORD)
        connection.close()

    threads = [threading.Thread(target=reader) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return READS // connections * connections / (time.perf_counter() - began)


def read(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path, headers=HEADERS)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
