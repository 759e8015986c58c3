"""Hosts and the links between them, as network namespaces of this machine.

Each host has a link to the database's network and one to ConnectWise's, so that one can be cut and the other not.
A cut takes the link's far end off its switch: nothing is refused, packets just vanish, as when a cable is pulled
somewhere in between. Everything is made from scratch and taken away at the end; no other namespace is touched.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum

import pytest


class Net(Enum):
    """A switch, by the third number of its addresses."""

    DATABASE = 1
    PSA = 2


PREFIX = "10.213"

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and iproute2"
)


@dataclass(frozen=True, slots=True)
class Host:
    """A namespace. `number` is the last part of its addresses."""

    name: str
    number: int

    def address(self, net: Net) -> str:
        return f"{PREFIX}.{net.value}.{self.number}"

    def command(self, *command: str) -> list[str]:
        """The command line that runs a command on this host."""
        return ["ip", "netns", "exec", self.name, *command]


@dataclass(slots=True)
class Network:
    """Two switches in a namespace of their own, and the hosts plugged into them."""

    switches: str
    hosts: list[Host] = field(default_factory=list)

    def host(self, role: str) -> Host:
        """One more host, plugged into both switches."""
        made = Host(f"{self.switches}-{role}", len(self.hosts) + 1)
        _ip("netns", "add", made.name)
        self.hosts.append(made)
        _ip("-n", made.name, "link", "set", "lo", "up")
        for net in Net:
            near, far = f"net{net.value}", _port(made, net)
            _ip("-n", self.switches, "link", "add", far, "type", "veth", "peer", "name", near, "netns", made.name)
            _ip("-n", made.name, "address", "add", f"{made.address(net)}/24", "dev", near)
            _ip("-n", made.name, "link", "set", near, "up")
            _ip("-n", self.switches, "link", "set", far, "up")
            self.mend(made, net)
        return made

    def plug_in_this_machine(self, net: Net) -> str:
        """Give the namespace of the tests a link too; gives its address. ConnectWise, say, is not one of our hosts."""
        near, far = f"psal{os.getpid()}"[:15], f"port{net.value}-here"
        address = f"{PREFIX}.{net.value}.254"
        _ip("-n", self.switches, "link", "add", far, "type", "veth", "peer", "name", near, "netns", str(os.getpid()))
        _ip("address", "add", f"{address}/24", "dev", near)
        _ip("link", "set", near, "up")
        _ip("-n", self.switches, "link", "set", far, "up")
        _ip("-n", self.switches, "link", "set", far, "master", _switch(net))
        return address

    def cut(self, host: Host, *nets: Net) -> None:
        for net in nets:
            _ip("-n", self.switches, "link", "set", _port(host, net), "nomaster")

    def mend(self, host: Host, *nets: Net) -> None:
        for net in nets:
            _ip("-n", self.switches, "link", "set", _port(host, net), "master", _switch(net))


@contextmanager
def network() -> Iterator[Network]:
    """A network of our own, until the context ends."""
    made = Network(f"psal{os.getpid()}")
    with ExitStack() as stack:
        _ip("netns", "add", made.switches)
        stack.callback(_take_away, made)
        for net in Net:
            _ip("-n", made.switches, "link", "add", _switch(net), "type", "bridge")
            _ip("-n", made.switches, "link", "set", _switch(net), "up")
        yield made


def _take_away(made: Network) -> None:
    for name in (*(host.name for host in made.hosts), made.switches):
        _ip("netns", "delete", name)


def _switch(net: Net) -> str:
    return f"switch{net.value}"


def _port(host: Host, net: Net) -> str:
    """The far end of a host's link. An interface's name has at most 15 characters."""
    return f"port{net.value}-{host.number}"


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
