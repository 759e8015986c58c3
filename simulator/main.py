"""The command `psa-ledger simulator`: a ConnectWise PSA on a port of this machine."""

import argparse
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator import demo
from simulator.app import create_app
from simulator.server import Tls, listening_socket, server, url_of
from simulator.tenant_recipes import Recipe

EXAMPLE = f"""
example, in two terminals:
  psa-ledger simulator --port 8090
  curl http://127.0.0.1:8090/login/companyinfo/{demo.DEMO_COMPANY_ID}
  curl -u '{demo.DEMO_COMPANY_ID}+{demo.DEMO_PUBLIC_KEY}:{demo.DEMO_PRIVATE_KEY}' \\
       -H 'clientId: 00000000-0000-0000-0000-000000000000' \\
       'http://127.0.0.1:8090/v4_6_release/apis/3.0/company/companies?conditions=status/id=1&pageSize=3'
  curl -X POST http://127.0.0.1:8090/_simulator/tenants/{demo.DEMO_COMPANY_ID}/faults \\
       -d '{{"kind": "throttle", "retry_after": 30, "endpoint": "/company/companies", "count": 1}}'
  curl http://127.0.0.1:8090/_simulator/            # every call of this kind, every fault and every switch

The second to last line lets the next list of companies be refused with 429; ask for it again to see it.

The demo tenant {demo.DEMO_COMPANY_ID} has two keys: {demo.DEMO_PUBLIC_KEY} with the minimum role,
{demo.DEMO_ADMIN_PUBLIC_KEY} with all rights (private key {demo.DEMO_ADMIN_PRIVATE_KEY}).
Other tenants have the keys <name>PublicKey / <name>PrivateKey and <name>AdminPublicKey / <name>AdminPrivateKey.
"""


def port_number(text: str) -> int:
    """Raises: ArgumentTypeError for what is no TCP port."""
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def check_certificate(tls: Tls) -> None:
    """Raises: OSError for files that are not there or do not belong together (ssl.SSLError is one)."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="psa-ledger simulator",
        description="Serve a simulated ConnectWise PSA: company discovery, companies, catalog, agreements, additions.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    made.add_argument("--port", type=port_number, default=8090, help="port; 0 takes a free one (default: 8090)")
    made.add_argument(
        "--tenants",
        default=demo.DEMO_COMPANY_ID,
        metavar="ID[,ID…]",
        help="login company ids of demo tenants, each with its own data (default: %(default)s)",
    )
    made.add_argument(
        "--large",
        metavar="ID",
        help="one more tenant, with 10,000 companies, 12,000 agreements and 50,000 products",
    )
    made.add_argument("--tls-certificate", type=Path, metavar="FILE", help="serve https with this certificate (PEM)")
    made.add_argument("--tls-key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    made.add_argument("--seed", type=int, default=1, help="the same seed makes the same data (default: 1)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Prints the URL once the port is taken; gives 2 with a sentence when it can not.

    An interrupt reaches us again after the server has stopped in good order, hence no word about it.
    """
    asking = parser()
    options = asking.parse_args(argv)
    if (options.tls_certificate is None) != (options.tls_key is None):
        asking.error("--tls-certificate and --tls-key belong together")
    tls = None if options.tls_key is None else Tls(options.tls_certificate, options.tls_key)
    recipes: list[Recipe] = [
        {"company_id": name.strip(), "seed": options.seed} for name in options.tenants.split(",") if name.strip()
    ]
    if options.large:
        counts = {"companies": 10_000, "agreements": 12_000, "products": 50_000}
        recipes.append({"company_id": options.large, "data": counts, "seed": options.seed})
    if tls is not None:
        try:
            check_certificate(tls)
        except OSError as unusable:
            reason = unusable.strerror or unusable
            sys.stderr.write(f"can not use the certificate {tls.certificate} with the key {tls.key}: {reason}\n")
            return 2
    try:
        bound = listening_socket(options.host, options.port)
    except OSError as taken:
        sys.stderr.write(f"can not listen on {options.host}:{options.port}: {taken.strerror}\n")
        return 2
    with bound:
        try:
            app = create_app(recipes, seed=options.seed)
        except ValueError as senseless:
            sys.stderr.write(f"can not make these tenants: {senseless}\n")
            return 2
        sys.stdout.write(f"ConnectWise simulator at {url_of(bound, tls)}\n")
        sys.stdout.flush()
        try:
            server(app, tls).run(sockets=[bound])
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
