"""Connecting an MSP's ConnectWise: right keys connect, anything else says what is wrong and stores nothing."""

from tests.api.harness import Api, SimulatedTenant

CONNECT = """
mutation ($input: ConnectInput!) { connect(input: $input) { __typename
  ... on Refusal { message }
  ... on RightsMissing { rights { name level menuPath } }
  ... on ConnectionChanged { connection { status number site companyId companyName keyHint } } } }
"""


def test_right_keys_connect_and_the_next_query_sees_it(api: Api, tenant: SimulatedTenant) -> None:
    admin = api.admin()

    answer = admin.one(CONNECT, input=tenant.keys)

    assert answer["__typename"] == "ConnectionChanged", answer
    assert answer["connection"]["status"] == "SETUP"
    assert admin.one("{ psaConnection { status number } }")["status"] == "SETUP"
