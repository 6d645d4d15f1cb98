"""A connection to PostgreSQL that several share: lost, left half way, refused, and met again."""

import asyncio

import pytest

from adapters.stores.postgres import Lane
from gateway.domain.errors import AccessUnavailable, ConsentsUnavailable

OWN_ID = "SELECT pg_backend_pid()"


async def test_connection_that_is_lost_is_told_in_the_words_of_its_user_and_met_again(
    postgres_url: str,
) -> None:
    shared = Lane(postgres_url)
    first = await shared.use(lambda asked: asked.fetchval(OWN_ID), ConsentsUnavailable)
    assert await shared.use(lambda asked: asked.fetchval(OWN_ID), ConsentsUnavailable) == first
    with pytest.raises(ConsentsUnavailable):
        await shared.use(
            lambda asked: asked.execute("SELECT pg_terminate_backend(pg_backend_pid())"), ConsentsUnavailable
        )
    assert await shared.use(lambda asked: asked.fetchval(OWN_ID), ConsentsUnavailable) != first
    await shared.close()


async def test_answer_to_somebody_who_went_away_is_not_for_the_next_one(postgres_url: str) -> None:
    shared = Lane(postgres_url)
    first = await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable)
    asking = asyncio.create_task(
        shared.use(lambda asked: asked.fetchval("SELECT pg_sleep(30)"), AccessUnavailable)
    )
    next_one = asyncio.create_task(shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    async with asyncio.timeout(60):
        assert await next_one != first
    await shared.close()


async def test_work_that_fails_leaves_nothing_behind(postgres_url: str) -> None:
    shared = Lane(postgres_url)
    first = await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable)
    with pytest.raises(AccessUnavailable) as told:
        await shared.use(
            lambda asked: asked.execute("BEGIN; SELECT 'a name' FROM nowhere"), AccessUnavailable
        )
    assert "nowhere" not in str(told.value)
    assert await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable) != first
    await shared.close()


async def test_database_that_hangs_is_left_alone_for_a_moment_and_then_one_tries_for_all(
    postgres_url: str,
) -> None:
    shared = Lane(postgres_url)
    first = await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable)

    async def hung() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await shared.use(lambda asked: asked.fetchval("SELECT pg_sleep(30)"), AccessUnavailable)

    async def told_at_once() -> None:
        async with asyncio.timeout(0.3):
            with pytest.raises(AccessUnavailable):
                await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable)

    async with asyncio.TaskGroup() as group:
        group.create_task(hung())
        await asyncio.sleep(0.4)
        for _ in range(3):  # whoever waits by then is told with the first one
            group.create_task(told_at_once())
    await told_at_once()
    await asyncio.sleep(1.1)
    trying = asyncio.create_task(hung())
    await asyncio.sleep(0.1)
    await told_at_once()
    await trying
    async with asyncio.timeout(60):
        while True:
            try:
                found = await shared.use(lambda asked: asked.fetchval(OWN_ID), AccessUnavailable)
                break
            except AccessUnavailable:
                await asyncio.sleep(0.1)
    assert found != first
    await shared.close()
