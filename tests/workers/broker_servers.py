"""Real brokers that a test starts for itself, stops, and starts again empty."""

import os
import shutil
import socket
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import pika
import pytest
import redis
from pika.exceptions import AMQPError

from tests.ports import free_ports

_PAUSE = threading.Event()
START_SECONDS = 180.0


class BrokerServer(ABC):
    """A broker on a port of its own. `stop` loses every message that it held."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        [self._port] = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls, directory: Path) -> Iterator[Self]:
        made = cls(directory)
        try:
            made.start()
            yield made
        finally:
            made.stop()

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def answers(self) -> bool: ...

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(120)

    def _run(self, command: list[str], environment: dict[str, str]) -> None:
        with (self._directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        for _ in range(int(START_SECONDS / 0.05)):
            if self.answers():
                return
            assert self._process.poll() is None, (self._directory / "broker.log").read_text()[-2000:]
            _PAUSE.wait(0.05)
        raise AssertionError("the broker does not answer")


class RedisServer(BrokerServer):
    """Redis, or Valkey where that is installed."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("neither redis-server nor valkey-server is installed")
        where = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._directory)]
        self._run([program, *where, "--save", "", "--appendonly", "no"], dict(os.environ))

    def answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis(port=self._port) as client:
            return bool(client.ping())
        return False


class RabbitServer(BrokerServer):
    """RabbitMQ with an Erlang node and a port mapper of its own, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._mapper, self._between = [port for port in free_ports(3) if port != self._port][:2]
        self._mapping: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}"

    def start(self) -> None:
        # Debian's script changes to the user rabbitmq, who can not reach a test's directory: run the real program.
        program = next(iter(sorted(Path("/usr/lib/rabbitmq").glob("lib/*/sbin/rabbitmq-server"))), None)
        if program is None:
            pytest.skip("rabbitmq-server is not installed")
        home = self._directory / "rabbit"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        (home / "plugins").write_text("[].\n")
        environment = {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"ledger{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._between),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
            "ERL_EPMD_PORT": str(self._mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        # Rabbit would start it as a daemon that nobody ends, and does where none answers yet.
        mapper = ["epmd", "-port", str(self._mapper), "-address", "127.0.0.1"]
        self._mapping = subprocess.Popen(mapper, stdin=subprocess.DEVNULL)
        while not self._maps():
            assert self._mapping.poll() is None, "the port mapper does not start"
            _PAUSE.wait(0.01)
        self._run([str(program)], environment)

    def answers(self) -> bool:
        with suppress(AMQPError, OSError):
            pika.BlockingConnection(pika.URLParameters(f"{self.url}?socket_timeout=2")).close()
            return True
        return False

    def _maps(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._mapper), timeout=2):
            return True
        return False

    def stop(self) -> None:
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # the shell script, Erlang and its helpers
        super().stop()
        if self._mapping is not None:
            self._mapping.kill()
            self._mapping.wait(120)
