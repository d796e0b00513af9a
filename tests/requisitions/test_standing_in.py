"""An approver lets a colleague approve in their place for some days (domain.md 10)."""

from datetime import date, timedelta

import pytest

from app.languages import date_text
from tables.engine import DB
from tests import people
from tests.browser_like import mails
from tests.requisitions.asking import Company, ask, company, id_of
from tests.requisitions.test_deciding import decide

STAND_IN = "/account/requisitions/stand-in"


async def today() -> date:
    found: date = await DB.fetch_value("SELECT (now() AT TIME ZONE 'Europe/Berlin')::date")
    return found


async def carl(of: Company) -> people.Known:
    """A colleague who may only buy."""
    return await people.colleague(of.admin, "carl@alfki.example")


async def appoint(of: Company, email: str, first: int = 0, last: int = 3):
    person = await of.approver.signed_in()
    page = await person.get(STAND_IN)
    day = await today()
    return person, await person.fill(
        page,
        {
            "email": email,
            "first_day": (day + timedelta(days=first)).isoformat(),
            "last_day": (day + timedelta(days=last)).isoformat(),
        },
    )


async def test_a_stand_in_decides_and_is_mailed(database):
    of = await company()
    stand_in = await carl(of)
    _person, page = await appoint(of, "CARL@alfki.example")
    assert "stands in for you" in page.main
    key = id_of(await ask(await of.buyer.signed_in()))
    assert stand_in.email in {one.to for one in await mails("requisition_asked")}
    assert (await decide(await stand_in.signed_in(), key)).status == 200


@pytest.mark.parametrize(("language", "said"), [("en", "You stand in for"), ("de", "Sie vertreten")])
async def test_a_stand_in_is_told_by_mail_when_and_where_they_decide(database, language, said):
    of = await company()
    stand_in = await carl(of)
    await DB.execute("UPDATE users SET preferred_language = $2 WHERE id = $1", stand_in.user_id, language)
    key = id_of(await ask(await of.buyer.signed_in()))
    await appoint(of, stand_in.email)
    [mail] = await mails("stand_in_appointed")
    assert (mail.to, mail.language) == (stand_in.email, language)
    assert mail.subject.startswith(said)
    assert date_text(await today() + timedelta(days=3), language) in mail.text
    person = await stand_in.signed_in()
    page = await person.get(mail.link)
    assert any(key in one for one in page.links), "what waits already"


async def test_nobody_is_told_of_a_stand_in_that_was_refused(database):
    of = await company()
    await appoint(of, "nobody@alfki.example")
    assert await mails("stand_in_appointed") == []


async def test_a_stand_in_decides_only_in_these_days(database):
    of = await company()
    stand_in = await carl(of)
    await appoint(of, stand_in.email, first=1)
    key = id_of(await ask(await of.buyer.signed_in()))
    assert stand_in.email not in {one.to for one in await mails("requisition_asked")}
    person = await stand_in.signed_in()
    assert (await person.get(f"/account/requisitions/{key}")).status == 404
    await DB.execute("UPDATE memberships SET stand_in_from = now() WHERE stand_in IS NOT NULL")
    assert (await person.get(f"/account/requisitions/{key}")).status == 200
    await DB.execute("UPDATE memberships SET stand_in_until = now() WHERE stand_in IS NOT NULL")
    assert (await person.get(f"/account/requisitions/{key}")).status == 404


@pytest.mark.parametrize("what", ["memberships", "users"])
async def test_nobody_stands_in_for_who_is_disabled_here_or_everywhere(database, what):
    of = await company()
    stand_in = await carl(of)
    await appoint(of, stand_in.email)
    person = await stand_in.signed_in()
    key = id_of(await ask(await of.buyer.signed_in()))
    assert (await person.get(f"/account/requisitions/{key}")).status == 200
    absent = await DB.fetch_row(
        'SELECT id AS memberships, "user" AS users FROM memberships WHERE stand_in IS NOT NULL'
    )
    await DB.execute(f"UPDATE {what} SET is_active = false WHERE id = $1", absent[what])
    assert (await person.get(f"/account/requisitions/{key}")).status == 404
    await ask(await of.buyer.signed_in())
    asked = [one.to for one in await mails("requisition_asked")]
    assert asked.count(stand_in.email) == 1, "only of the first"


async def test_standing_in_is_ended(database):
    of = await company()
    stand_in = await carl(of)
    person, page = await appoint(of, stand_in.email)
    page = await person.post(f"{STAND_IN}/end")
    assert "Nobody stands in" in page.text
    key = id_of(await ask(await of.buyer.signed_in()))
    assert (await (await stand_in.signed_in()).get(f"/account/requisitions/{key}")).status == 404


async def test_who_stands_in_cannot_hand_it_on(database):
    of = await company()
    stand_in = await carl(of)
    await appoint(of, stand_in.email)
    person = await stand_in.signed_in()
    page = await person.get(STAND_IN)
    assert "only they can choose" in page.main
    day = (await today()).isoformat()
    page = await person.post(STAND_IN, {"email": of.buyer.email, "first_day": day, "last_day": day})
    assert page.status == 422
    assert await DB.fetch_value("SELECT count(*) FROM memberships WHERE stand_in IS NOT NULL") == 1


async def test_who_may_not_approve_has_no_stand_in(database):
    of = await company()
    assert (await (await of.buyer.signed_in()).get(STAND_IN)).status == 403


@pytest.mark.parametrize(
    ("email", "first", "last", "field"),
    [
        ("nobody@alfki.example", 0, 1, "email"),
        ("anna@alfki.example", 0, 1, "email"),
        ("o@elsewhere.example", 0, 1, "email"),
        ("paul@alfki.example", 2, 1, "last_day"),
        ("paul@alfki.example", -3, -1, "last_day"),
        ("paul@alfki.example", 0, 800, "last_day"),
    ],
)
async def test_a_wrong_stand_in_is_refused(database, email, first, last, field):
    of = await company()
    await people.company("o@elsewhere.example", company_name="Elsewhere")
    _person, page = await appoint(of, email, first, last)
    assert page.status == 422
    assert field in page.errors
    assert await DB.fetch_value("SELECT count(*) FROM memberships WHERE stand_in IS NOT NULL") == 0
