"""Servers on loopback that misbehave on the level of sockets, where no mock reaches."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket, "Loopback"], None]


@dataclass
class Loopback:
    """One server: its port, and what it has seen."""

    port: int
    received: list[bytes] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def read_request(self, connection: socket.socket) -> bytes:
        """One whole request with the body its Content-Length announces; empty when the client went away."""
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(65536)
            if not piece:
                return b""
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while len(body) < int((lengths or [b"0"])[0]):
            body += connection.recv(65536)
        self.received.append(head + b"\r\n\r\n" + body)
        return self.received[-1]


@contextmanager
def loopback(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Serve each connection in a thread of its own until the block ends; then every thread is gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Loopback(listener.getsockname()[1])
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: server.server_names.append(name)

    def serve(connection: socket.socket) -> None:
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)  # takes the socket over from the plain one
            connections.append(connection)
            behaviour(connection, server)
        except OSError:
            return  # the client went away, which is what many of these tests are about
        finally:
            connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed by the end of the block
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield server
    finally:
        server.closing.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in connections:
            with_silence(connection)
        for thread in threads:
            thread.join()


def with_silence(connection: socket.socket) -> None:
    """Wake a thread that still reads from a connection."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # already closed by its own thread


def answer(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context for a name, and a client's that trusts only it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain, secret)
    trusting = ssl.create_default_context(cafile=chain)
    return serving, trusting
