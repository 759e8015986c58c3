"""When ConnectWise refuses a whole connection: say so, let its pushes wait, and look again until it passes."""

from connectwise.client import ReadingClient
from connectwise.errors import (
    ClientIdRefused,
    PsaError,
    RightMissing,
    SiteRefused,
    UnknownCompany,
    WrongKeys,
    WrongSite,
)
from connectwise.probe import RightState, probe_right
from connectwise.rights import AGREEMENTS_INQUIRE, COMPANIES_INQUIRE, Right
from domain.connection import CONNECTION, AttentionReason, clear_attention, raise_attention
from domain.streams import connection_stream
from domain.values import MspId
from journal.entry import Origin
from workers.tools import Tools


def reason_of(error: PsaError) -> AttentionReason | None:
    """Why an error is about the whole connection, if it certainly is."""
    match error:
        case WrongKeys() | UnknownCompany() | ClientIdRefused():
            return AttentionReason.WRONG_KEYS
        case SiteRefused() | WrongSite():
            return AttentionReason.SITE_UNREACHABLE
        case _:
            return None


def raise_for(tools: Tools, msp: MspId, reason: AttentionReason, detail: str, origin: Origin) -> None:
    tools.journal.execute(
        CONNECTION, connection_stream(msp), lambda state: raise_attention(state, reason, detail), origin
    )


def after_read(tools: Tools, msp: MspId, error: PsaError, client: ReadingClient | None, origin: Origin) -> bool:
    """Whether a failed read was about the whole connection; then its attention is raised."""
    reason = reason_of(error)
    if isinstance(error, RightMissing) and client is not None and _is_denied(client, error.right):
        reason = AttentionReason.MISSING_RIGHT
    if reason is None:
        return False
    raise_for(tools, msp, reason, error.message, origin)
    return True


def _is_denied(client: ReadingClient, right: Right) -> bool:
    """Whether the whole right is gone, and not only one record closed to us."""
    return probe_right(client, right).state is RightState.DENIED


def after_write(tools: Tools, msp: MspId, error: PsaError, origin: Origin) -> None:
    """Raise attention when a failed write shows that the keys or the site are gone."""
    reason = reason_of(error)
    if reason is not None:
        raise_for(tools, msp, reason, error.message, origin)


RIGHTS_THAT_PUSHES_READ: tuple[Right, ...] = (COMPANIES_INQUIRE, AGREEMENTS_INQUIRE)


def look_again(tools: Tools, msp: MspId) -> bool:
    """Probe a connection in attention; clear it when it answers. Whether it was cleared."""
    state = tools.journal.state(CONNECTION, connection_stream(msp)).state
    if state.live is None or state.attention is None:
        return False
    try:
        client = tools.clients.writing(msp, state.live.number)
        if any(_is_denied(client, right) for right in RIGHTS_THAT_PUSHES_READ):
            return False
    except PsaError:
        return False
    raised = state.attention
    origin = tools.origin(correlation=str(tools.new_id()), causation=None)
    cleared = tools.journal.execute(
        CONNECTION,
        connection_stream(msp),
        lambda now: clear_attention(now) if now.attention == raised else (),
        origin,
    )
    return bool(cleared)
