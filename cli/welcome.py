"""What `psa-ledger up` says once everything is there: where things are, who one can be, and what to try first."""

from cli.places import Running
from cli.seed import DEMO_MSP
from simulator.demo import DEMO_COMPANY_ID, DEMO_PRIVATE_KEY, DEMO_PUBLIC_KEY

WAYS_IN = {"admin": "/", "auditor": "/", "platform": f"/licences?msp={DEMO_MSP}"}
"""Where each role begins in the panel; the platform's token is for every MSP, so its link names one."""


def welcome(running: Running) -> str:
    """Shows the demo's bearer tokens on purpose: they open this machine's demo and nothing else."""
    tokens = "\n".join(f"  {role:<9} {running.token(role)}" for role in running.tokens)
    # Behind the #, a token never leaves the browser: it is not in what the server gets to see.
    links = "\n".join(
        f"  {role:<9} {running.api_url}{WAYS_IN[role]}#token={running.token(role)}" for role in running.tokens
    )
    files = " ".join(f"{role.upper()}=$(cat {path})" for role, path in running.tokens.items())
    return f"""
PSA Ledger is ready. Open the panel as

{links}

The API is at {running.api_url}/graphql

Tokens (MSP {DEMO_MSP}; the platform's is for every MSP), valid 30 days:
{tokens}

A ConnectWise to connect, simulated at {running.simulator_url} (what it can do: {running.simulator_url}/_simulator/):
  siteUrl {running.simulator_url}   companyId {DEMO_COMPANY_ID}   publicKey {DEMO_PUBLIC_KEY}   \
privateKey {DEMO_PRIVATE_KEY}

Try, in another terminal:
  export {files}
  curl -s {running.api_url}/graphql -H "Authorization: Bearer $ADMIN" -H 'Content-Type: application/json' \\
       -d '{{"query": "{{ psaConnection {{ status }} organizations {{ nodes {{ id name plan }} }} }}"}}'
  make story        # the whole flow, from connecting to disconnecting, explained step by step
  .venv/bin/psa-ledger status

Ctrl-C stops everything.
"""
