"""Lines that still bill what nobody has any more.

A plan left in mid-month counts to its end under PEAK, AVERAGE or a minimum, and so does an organization closed in it.
In the next month no fact names that product, so no act makes its addition due; only the next absolute push, a final or
Sync now, can bring it to 0. Those are asked for here.
"""

from collections.abc import Collection

from psycopg_pool import ConnectionPool

from domain.addition import ADDITION, is_initial
from domain.connection import ConnectionState, product_terms
from domain.streams import addition_stream
from domain.values import MspId, PsaAgreementId, PsaProductId
from journal.reader import Reader


def outlived_lines(
    pool: ConnectionPool,
    reader: Reader,
    msp: MspId,
    connection: ConnectionState,
    agreements: Collection[PsaAgreementId],
) -> set[tuple[PsaAgreementId, PsaProductId]]:
    """The additions on these agreements that hold more than 0 by a push of this connection.

    Only of mapped products, and none that is being left: what becomes of those was the admin's choice.
    """
    assert connection.live is not None
    tenant = connection.live.tenant
    with pool.connection() as database:
        rows = database.execute(
            "SELECT a.agreement, a.product FROM additions a"
            " WHERE a.msp = %s AND a.site = %s AND a.company_id = %s AND a.agreement = ANY(%s) AND a.product = ANY(%s)"
            "   AND a.base <> 0 AND NOT a.is_fresh"
            "   AND NOT EXISTS (SELECT 1 FROM due_pushes d"
            "                    WHERE d.addition = a.addition AND d.lane = 'ACT' AND d.left_behind IS NOT NULL)",
            (
                msp,
                tenant.site,
                tenant.company_id,
                list(agreements),
                [term.product for term in product_terms(connection)],
            ),
        ).fetchall()
    lines = {(PsaAgreementId(agreement), PsaProductId(product)) for agreement, product in rows}
    streams = {line: addition_stream(msp, tenant, *line) for line in lines}
    states = reader.states(ADDITION, list(streams.values()), guard=False)
    return {line for line in lines if not is_initial(states[streams[line]].state, connection.live.number)}
