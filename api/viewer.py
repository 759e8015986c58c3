"""Who is asking, and what time it is."""

from datetime import datetime

import strawberry

from api.context import Info
from api.fields import EVERYBODY, query
from journal.entry import Role


@strawberry.type(description="The caller, as its token says. `msp` null means all MSPs.")
class Viewer:
    subject: str
    role: Role
    msp: strawberry.ID | None


@strawberry.type
class ViewerQueries:
    @query(EVERYBODY)
    async def viewer(self, info: Info) -> Viewer:
        who = info.context.principal
        return Viewer(subject=who.subject, role=who.role, msp=None if who.msp is None else strawberry.ID(who.msp))

    @query(EVERYBODY, "The ledger's time. Everything effective, closed or due goes by it.")
    async def server_time(self, info: Info) -> datetime:
        return await info.context.in_thread(info.context.journal.now)
