from __future__ import annotations

import asyncio

import pytest

from schema.turns import NoTurnLeft, Turns


def test_each_person_has_her_turns() -> None:
    turns = Turns(2)
    for who in ("ann", "ann", "bob"):
        turns.take(who)
    with pytest.raises(NoTurnLeft) as caught:
        turns.take("ann")
    assert caught.value.who == "ann"
    turns.take("bob")
    turns.give_back("ann")
    turns.take("ann")


async def _waiters(turns: Turns, count: int) -> tuple[list[int], list[asyncio.Task[None]]]:
    order: list[int] = []

    async def one(number: int) -> None:
        await turns.wait("ann")
        order.append(number)

    tasks = [asyncio.create_task(one(number)) for number in range(count)]
    await asyncio.sleep(0)
    return order, tasks


def test_turns_go_to_those_who_wait_in_their_order_from_any_thread() -> None:
    async def scene() -> None:
        turns = Turns(1)
        turns.take("ann")
        order, tasks = await _waiters(turns, 3)
        assert order == []
        for expected in ([0], [0, 1], [0, 1, 2]):
            await asyncio.to_thread(turns.give_back, "ann")
            await asyncio.sleep(0.01)
            assert order == expected
            with pytest.raises(NoTurnLeft):
                turns.take("ann")
        turns.give_back("ann")
        turns.take("ann")
        await asyncio.gather(*tasks)

    asyncio.run(scene())


@pytest.mark.parametrize("handed_over_first", [False, True])
def test_whoever_hangs_up_while_waiting_takes_no_turn_along(handed_over_first: bool) -> None:
    async def scene() -> None:
        turns = Turns(1)
        turns.take("ann")
        order, tasks = await _waiters(turns, 2)
        if handed_over_first:
            turns.give_back("ann")
        tasks[0].cancel()
        if not handed_over_first:
            turns.give_back("ann")
        await asyncio.wait_for(tasks[1], 5)
        assert order == [1]
        turns.give_back("ann")
        turns.take("ann")

    asyncio.run(scene())


def test_waiting_in_a_loop_that_ended_holds_nobody_up() -> None:
    turns = Turns(1)
    turns.take("ann")

    async def hang_up() -> None:
        await _waiters(turns, 1)

    asyncio.run(hang_up())
    turns.give_back("ann")
    turns.take("ann")
