"""Places for costly work are shared out fairly."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from api.judging.slots import Busy, Slots
from tests.support import run_async


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_one_source_leaves_a_place_for_the_others() -> None:
    async def main() -> None:
        slots = Slots(3, waiting=4, seconds=0.01)
        async with AsyncExitStack() as held:
            for _ in range(2):
                await held.enter_async_context(slots.take("greedy"))
            with pytest.raises(Busy):
                async with slots.take("greedy"):
                    pass
            async with slots.take("other"):
                assert slots.held == {"greedy": 2, "other": 1}
        assert not slots.held
        assert slots.queued() == 0

    run_async(main())


def test_who_was_served_longest_ago_is_next() -> None:
    async def main() -> list[str]:
        slots = Slots(1, waiting=8, seconds=60)
        order: list[str] = []

        async def work(source: str) -> None:
            async with slots.take(source):
                order.append(source)
                await _settle()

        asked = [asyncio.create_task(work(s)) for s in ("a", "a", "a", "a", "b", "c")]
        await asyncio.gather(*asked)
        return order

    assert run_async(main()) == ["a", "a", "b", "c", "a", "a"]


def test_no_more_wait_than_may_and_one_source_fills_no_queue() -> None:
    async def main() -> None:
        slots = Slots(1, waiting=4, seconds=60)
        async with slots.take("a"):
            asked = [asyncio.create_task(_hold(slots, s)) for s in ("a", "a", "b", "c")]
            await _settle()
            assert slots.queued() == 4
            for source in ("a", "d"):
                with pytest.raises(Busy):
                    async with slots.take(source):
                        pass
        await asyncio.gather(*asked)
        assert not slots.held

    run_async(main())


def test_a_request_that_goes_away_gives_its_turn_back() -> None:
    async def main() -> None:
        slots = Slots(1, waiting=4, seconds=60)
        async with slots.take("a"):
            gone = asyncio.create_task(_hold(slots, "b"))
            stays = asyncio.create_task(_hold(slots, "c"))
            await _settle()
            gone.cancel()
            await _settle()
        late = asyncio.create_task(_hold(slots, "d"))
        await stays
        await late
        assert not slots.held
        assert slots.queued() == 0

    run_async(main())


async def _hold(slots: Slots, source: str) -> None:
    async with slots.take(source):
        await asyncio.sleep(0)
