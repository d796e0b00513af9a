"""Asking somebody outside whether a taxation id exists: never in anybody's way, and kept with its time (domain.md 6)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.customers import taxation_checks
from app.customers.taxation_checks import TaxationIdResult, check_taxation_ids
from tables.engine import DB
from tests import people
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")

RIGHT, ALSO_RIGHT = "DE136695976", "DE129273398"


class Outside:
    """A check that does as it is told."""

    id = "outside"

    def __init__(self, answer: TaxationIdResult | None = None, hangs: bool = False) -> None:
        self.answer = answer
        self.hangs = hangs
        self.asked: list[tuple[str, str]] = []

    async def check(self, taxation_id: str, country: str) -> TaxationIdResult:
        self.asked.append((taxation_id, country))
        if self.hangs:
            await asyncio.sleep(60)
        if self.answer is None:
            raise ConnectionError("nobody at home")
        return self.answer


class InstalledAs:
    """What an installed package says of itself."""

    def __init__(self, check: Outside) -> None:
        self.name, self.value, self._check = check.id, "tests", check

    def load(self) -> Outside:
        return self._check


@contextmanager
def installed(check: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setattr(taxation_checks, "entry_points", lambda group: [InstalledAs(check)])
    taxation_checks.installed_check.cache_clear()
    yield check
    taxation_checks.installed_check.cache_clear()


async def save(person: Person, taxation_id: str) -> str:
    page = await person.fill(await person.get("/account/company"), {"taxation_id": taxation_id})
    assert page.status == 200, page.errors
    return page.main


async def stored() -> tuple[str, bool]:
    row = await DB.fetch_row("SELECT taxation_id_result AS said, taxation_id_checked_at AS at FROM companies")
    return row["said"], row["at"] is not None


async def test_without_anybody_to_ask_the_form_alone_is_looked_at():
    person = await (await people.company()).signed_in()
    assert "Not checked yet" in await save(person, RIGHT)
    assert await stored() == ("", False)
    assert await check_taxation_ids() == 1
    page = await person.get("/account/company")
    assert "Has the form that its country uses (" in page.main
    assert await check_taxation_ids() == 0, "asked once"


async def test_an_answer_is_kept_with_its_time_and_asked_for_anew_with_another_id(monkeypatch):
    person = await (await people.company()).signed_in()
    await save(person, RIGHT)
    with installed(Outside(TaxationIdResult.VALID), monkeypatch) as outside:
        await check_taxation_ids()
        assert outside.asked == [(RIGHT, "DE")]
        assert "Confirmed (" in (await person.get("/account/company")).main
        await save(person, RIGHT)
        assert await stored() == ("valid", True), "the same id stays confirmed"
        assert "Not checked yet" in await save(person, ALSO_RIGHT)
        assert await stored() == ("", False)
        outside.answer = TaxationIdResult.INVALID
        await check_taxation_ids()
        assert "Not confirmed: please check it (" in (await person.get("/account/company")).main


async def test_what_was_only_looked_at_is_asked_for_once_somebody_can_be_asked(monkeypatch):
    person = await (await people.company()).signed_in()
    await save(person, RIGHT)
    await check_taxation_ids()
    with installed(Outside(TaxationIdResult.VALID), monkeypatch):
        assert await check_taxation_ids() == 1
    assert await stored() == ("valid", True)


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_check_that_fails_or_hangs_is_no_answer_and_is_asked_again_later(monkeypatch, hangs):
    monkeypatch.setattr(taxation_checks, "ANSWER_WITHIN", 0.05)
    person = await (await people.company()).signed_in()
    with installed(Outside(hangs=hangs), monkeypatch) as outside:
        await save(person, RIGHT)
        await check_taxation_ids()
        assert "The check did not answer; we will try again (" in (await person.get("/account/company")).main
        assert await check_taxation_ids() == 0, "not at once"
        await DB.execute("UPDATE companies SET taxation_id_checked_at = now() - interval '2 hours'")
        outside.answer, outside.hangs = TaxationIdResult.VALID, False
        assert await check_taxation_ids() == 1
    assert await stored() == ("valid", True)


async def test_an_answer_about_an_id_that_was_changed_meanwhile_is_not_kept(monkeypatch):
    person = await (await people.company()).signed_in()
    await save(person, RIGHT)

    class Slow(Outside):
        async def check(self, taxation_id: str, country: str) -> TaxationIdResult:
            await save(person, ALSO_RIGHT)
            return TaxationIdResult.VALID

    with installed(Slow(), monkeypatch):
        await check_taxation_ids()
    assert await stored() == ("", False)


async def test_two_workers_ask_for_each_id_once(monkeypatch):
    for number in range(6):
        known = await people.company(f"m{number}@alfki.example")
        await DB.execute(
            "UPDATE companies SET taxation_id = $1 WHERE customer = $2", RIGHT, known.customer_id
        )
    with installed(Outside(TaxationIdResult.VALID), monkeypatch) as outside:
        assert sum(await asyncio.gather(check_taxation_ids(), check_taxation_ids())) == 6
    assert len(outside.asked) == 6
