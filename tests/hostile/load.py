"""Load as a process of its own, so that the clients' work is not the server's: `python -m tests.hostile.load URL …`.

Reads its orders as JSON from standard input, prints what it measured as one line of JSON. A request is a tuple of bytes
written by hand: a client library would take most of the processor for itself.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Measured:
    """Seconds of each answered request, and what was not as it should be."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


async def client(number: int, orders: dict[str, Any], measured: Measured, ends_at: float) -> None:
    """One connection that asks one thing after the other, at most `per_second` of them."""
    url, chance = urlsplit(orders["url"]), random.Random(number)
    pause = 1 / orders["per_second"] if orders.get("per_second") else 0.0
    count = 0
    if pause:
        await asyncio.sleep(chance.uniform(0, pause))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        while (began := time.perf_counter()) < ends_at:
            asked = chance.choices(orders["requests"], [each["weight"] for each in orders["requests"]])[0]
            body = asked["body"].replace("$UNIQUE", f"{orders['name']}-{number}-{count}").encode()
            writer.write(
                b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                + asked["token"].encode()
                + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            told = await reader.readexactly(int(length.partition(b":")[2]))
            took = time.perf_counter() - began
            status = int(head.split()[1])
            measured.seconds.append(took)
            measured.statuses[status] = measured.statuses.get(status, 0) + 1
            if (b'"errors"' in told or status != 200) and status != 429 and len(measured.errors) < 5:
                measured.errors.append(told[:500].decode(errors="replace"))
            count += 1
            if took < pause:
                await asyncio.sleep(pause - took)
    finally:
        writer.close()


async def main() -> None:
    orders = json.loads(sys.stdin.read())
    measured = Measured()
    ends_at = time.perf_counter() + orders["seconds"]
    await asyncio.gather(*(client(number, orders, measured, ends_at) for number in range(orders["clients"])))
    seconds = sorted(measured.seconds) or [0.0]
    told = {
        "requests": len(measured.seconds),
        "statuses": measured.statuses,
        "errors": measured.errors,
        **{f"p{part}": seconds[min(len(seconds) - 1, len(seconds) * part // 100)] for part in (50, 95, 99)},
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
