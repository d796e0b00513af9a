"""Versions: every process notices a change at its next request, and no number ever comes back."""

import asyncio

import pytest

from app.versions import Held, Subject, raise_version, version_of
from tables.engine import DB

pytestmark = pytest.mark.usefixtures("database")


async def test_a_raised_version_is_another_one_every_time() -> None:
    seen = {0}
    for _time in range(20):
        await raise_version("catalog")
        seen.add((await version_of("catalog"))["catalog"])
    assert len(seen) == 21
    assert (await version_of("prices"))["prices"] == 0


async def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="weather"):
        await raise_version("weather")


async def test_a_change_that_is_rolled_back_raises_nothing_and_its_number_never_comes_back() -> None:
    await raise_version("catalog")
    before = await version_of("catalog")
    async with DB.transaction() as transaction:
        await raise_version("catalog")
        inside = await version_of("catalog")
        await transaction.rollback()
    assert await version_of("catalog") == before
    await raise_version("catalog")
    assert await version_of("catalog") not in (before, inside)


async def test_numbers_do_not_come_back_after_a_restored_backup() -> None:
    await raise_version("catalog")
    await raise_version("catalog")
    later = await version_of("catalog")
    await DB.execute("DELETE FROM data_versions")
    await raise_version("catalog")
    assert (await version_of("catalog"))["catalog"] > later["catalog"]


async def test_changes_at_the_same_time_are_all_seen() -> None:
    await asyncio.gather(*[raise_version("catalog") for _one in range(8)])
    first = await version_of("catalog")
    await raise_version("catalog")
    assert (await version_of("catalog"))["catalog"] > first["catalog"]


async def test_two_processes_read_anew_what_has_changed_and_nothing_else() -> None:
    reads: list[str] = []

    def process(name: str) -> Held[str]:
        async def read() -> str:
            reads.append(name)
            found = await DB.fetch_row("SELECT name FROM segments WHERE id = 'GOLD'")
            return found["name"] if found else ""

        return Held(read, Subject.SEGMENTS, Subject.TARGETS)

    one, two = process("one"), process("two")
    assert [await one.at({}), await two.at({}), await one.at({})] == ["", "", ""]
    assert reads == ["one", "two"]
    async with DB.transaction():
        await DB.execute("INSERT INTO segments (id, name, created_at) VALUES ('GOLD', 'Gold', now())")
        await raise_version("segments")
    versions = await version_of("segments")
    assert [await two.at(versions), await two.at(versions), await one.at(versions)] == ["Gold"] * 3
    assert reads == ["one", "two", "two", "one"]
    await raise_version("prices")
    await one.at(versions | await version_of("prices"))
    assert len(reads) == 4
    await raise_version("targets")
    await one.at(versions | await version_of("targets"))
    assert len(reads) == 5


async def test_what_was_read_inside_a_transaction_is_not_kept() -> None:
    async def read() -> int:
        return int(await DB.fetch_value("SELECT count(*) FROM segments"))

    held = Held(read, Subject.SEGMENTS)
    versions = await version_of("segments")
    async with DB.transaction() as transaction:
        # Not even under the version of before, which its request has brought along.
        await DB.execute("INSERT INTO segments (id, name, created_at) VALUES ('GOLD', 'Gold', now())")
        assert await held.at(versions) == 1
        await transaction.rollback()
    assert await held.at(versions) == 0
