"""Whatever was held under an e-mail that somebody had before is theirs too: in the copy, and when they are forgotten
(domain.md 13)."""

import pytest

from app.mail.sender import send_due_mails
from app.personal_data.held_data import held_data
from tables.engine import DB
from tests.browser_like import visit
from tests.checkout.ordering import open_shop, order
from tests.people import Known, shopper
from tests.personal_data.asking import exported
from tests.personal_data.test_deletion import delete, tables_that_hold
from tests.personal_data.test_requests import changed_email

pytestmark = pytest.mark.usefixtures("database")

FIRST, SECOND, THIRD = "xaverine@first.example", "xaverine@second.example", "xaverine@third.example"


async def changed_twice() -> Known:
    """A shopper who has ordered and changed the e-mail, twice each."""
    await open_shop()
    known = await shopper(FIRST, login=FIRST)
    person = await known.signed_in()
    for email in (SECOND, THIRD):
        await order(person)
        await changed_email(person, known, email)
    await send_due_mails(100)
    known.email = known.login = THIRD
    return known


async def without_recipients() -> None:
    """The outbox as it stood before it said whose mail each is."""
    await DB.execute("UPDATE outbox_mails SET user_id = NULL")


@pytest.mark.parametrize("is_known_whose", [True, False])
async def test_the_copy_names_the_mails_to_every_email_that_the_person_had(is_known_whose: bool) -> None:
    known = await changed_twice()
    if not is_known_whose:
        await without_recipients()
    data, _page = await exported(known)
    told = {(one["to_email"], one["kind"]) for one in data["held"]["outbox_mails"]}
    assert {(FIRST, "order_placed"), (SECOND, "order_placed")} <= told
    assert {(FIRST, "email_changed"), (SECOND, "email_changed")} <= told
    assert {(SECOND, "confirm_new_email"), (THIRD, "confirm_new_email")} <= told


@pytest.mark.parametrize("is_known_whose", [True, False])
async def test_deletion_leaves_no_mail_to_an_email_that_the_person_had(is_known_whose: bool) -> None:
    known = await changed_twice()
    if not is_known_whose:
        await without_recipients()
    await delete(known)
    assert await tables_that_hold(FIRST) == set()
    assert await tables_that_hold(SECOND) == set()
    assert [one["kind"] for one in await DB.fetch("SELECT kind FROM outbox_mails")] == ["data_deleted"]


async def test_what_went_to_the_next_owner_of_an_email_is_not_the_persons() -> None:
    known = await changed_twice()
    heir = await shopper(FIRST, login=FIRST)
    await order(await heir.signed_in())
    await order(await visit("shop"), email=SECOND)
    held = await held_data(known.user_id, known.email)
    assert len(held["orders"]) == 2
    told = [one for one in held["outbox_mails"] if one["kind"] == "order_placed"]
    assert len(told) == 2
    await delete(known)
    left = {one["to_email"] for one in await DB.fetch("SELECT to_email FROM outbox_mails")}
    assert left == {FIRST, SECOND, THIRD}, "of the heir, of the guest, and the last one to the person"
    assert await DB.fetch_value("SELECT count(*) FROM orders WHERE email IN ($1, $2)", FIRST, SECOND) == 2


async def test_what_a_guest_ordered_with_an_earlier_email_goes_too() -> None:
    await open_shop()
    await order(await visit("shop"), email=FIRST)
    known = await shopper(FIRST, login=FIRST)
    await changed_email(await known.signed_in(), known, SECOND)
    known.email = known.login = SECOND
    held = await held_data(known.user_id, known.email)
    assert [one["email"] for one in held["orders"]] == [FIRST]
    await delete(known)
    assert await tables_that_hold(FIRST) == set()
