"""Fields of a list's items that are read for the whole page at once.

Nothing is kept: a subscription has one context for as long as it lasts, and must not be told old news.
"""

from collections.abc import Sequence
from functools import cached_property

from strawberry.dataloader import DataLoader

from domain.values import MspId
from projections.reads import organizations as organization_rows
from projections.reads import runs as run_rows
from projections.reads.ask import Views
from projections.reads.organizations import UsageRow

Owned = tuple[MspId, str]
"""An id within its MSP."""


class Loaders:
    """Of one request; each is made when the first item asks for it."""

    def __init__(self, views: Views) -> None:
        self._views = views

    @cached_property
    def usage_to_date(self) -> DataLoader[Owned, list[UsageRow]]:
        async def load(asked: Sequence[Owned]) -> list[list[UsageRow]]:
            found: dict[Owned, list[UsageRow]] = {}
            for msp, ids in _by_msp(asked).items():
                for row in await organization_rows.usage_to_date(self._views, msp, ids):
                    found.setdefault((msp, row.organization), []).append(row)
            return [found.get(one, []) for one in asked]

        return DataLoader(load_fn=load, cache=False)

    @cached_property
    def run_progress(self) -> DataLoader[Owned, dict[str, int]]:
        async def load(asked: Sequence[Owned]) -> list[dict[str, int]]:
            found: dict[Owned, dict[str, int]] = {}
            for msp, ids in _by_msp(asked).items():
                for run, counts in (await run_rows.progress_of(self._views, msp, ids)).items():
                    found[msp, run] = counts
            return [found.get(one, {}) for one in asked]

        return DataLoader(load_fn=load, cache=False)


def _by_msp(asked: Sequence[Owned]) -> dict[MspId, list[str]]:
    ids: dict[MspId, list[str]] = {}
    for msp, one in asked:
        ids.setdefault(msp, []).append(one)
    return ids
