"""Who presses the button of a decision twice sees what they decided, and no error."""

import asyncio

from tests.browser_like import mails
from tests.requisitions.asking import ask, company, id_of
from tests.requisitions.test_deciding import orders, state, stock


async def test_who_approves_twice_at_once_has_approved_once(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    answers = await asyncio.gather(*(person.fill(page, {}, form="review") for _click in range(3)))
    assert {one.status for one in answers} == {200}
    assert all("This was not done" not in one.main for one in answers)
    assert (await state(), await orders(), await stock()) == ("approved", 1, 48)
    assert len(await mails("requisition_decided")) == 1


async def test_who_rejects_twice_has_rejected_once_and_cannot_approve_after_it(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    person = await of.approver.signed_in()
    page = await person.get(f"/account/requisitions/{key}")
    answers = [await person.fill(page, {"comment": "Too much"}) for _click in range(2)]
    assert {one.status for one in answers} == {200}
    assert (await person.fill(page, {}, form="review")).status == 409
    assert (await state(), await orders()) == ("rejected", 0)
    assert len(await mails("requisition_decided")) == 1
