"""Many follow one run: it is looked at once for all, and nobody is shown less than there was when they asked."""

import asyncio
from typing import Any

from api.followed_runs import Followed, FollowedRuns
from domain.values import MspId

RUN = (MspId("acme"), "run-1")
OTHER = (MspId("acme"), "run-2")


class Reads:
    """What is read, in order; each read waits until it is let go."""

    def __init__(self) -> None:
        self.begun: list[Followed] = []
        self.let_go = asyncio.Event()

    async def __call__(self, followed: Followed) -> Any:
        self.begun.append(followed)
        number = len(self.begun)
        await self.let_go.wait()
        return number


async def asked(runs: FollowedRuns, followed: Followed, times: int) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.create_task(runs.look(followed)) for _ in range(times)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def test_twenty_followers_cost_one_look() -> None:
    async def follow() -> None:
        reads = Reads()
        tasks = await asked(FollowedRuns(reads, 0.01), RUN, 20)
        reads.let_go.set()

        assert [1] * 20 == await asyncio.gather(*tasks)
        assert [RUN] == reads.begun

    asyncio.run(follow())


def test_who_asks_while_a_look_is_under_way_is_told_by_the_next() -> None:
    async def follow() -> None:
        reads = Reads()
        runs = FollowedRuns(reads, 0.01)
        [early] = await asked(runs, RUN, 1)
        late = await asked(runs, RUN, 3)
        reads.let_go.set()

        assert (1, [2, 2, 2]) == (await early, await asyncio.gather(*late))

    asyncio.run(follow())


def test_looks_at_one_run_keep_their_distance_and_other_runs_do_not_wait() -> None:
    async def follow() -> None:
        reads = Reads()
        reads.let_go.set()
        runs = FollowedRuns(reads, 3600)
        await runs.look(RUN)
        [waiting] = await asked(runs, RUN, 1)

        [other] = await asked(runs, OTHER, 1)

        assert 2 == await other
        assert not waiting.done()
        assert [RUN, OTHER] == reads.begun
        waiting.cancel()

    asyncio.run(follow())


def test_a_follower_who_leaves_takes_nothing_from_the_others() -> None:
    async def follow() -> None:
        reads = Reads()
        runs = FollowedRuns(reads, 0.01)
        leaving, staying = await asked(runs, RUN, 2)
        leaving.cancel()
        reads.let_go.set()

        assert 1 == await staying

    asyncio.run(follow())
