"""What a thief has set up since a change of the e-mail goes with its undo; what the owner had stays (domain.md 6)."""

import asyncio

import pytest

from tables.engine import DB
from tests import people
from tests.account.test_authenticator import code_of, set_up
from tests.account.test_change_email import NEW, OLD, change, press, undo_link
from tests.browser_like import Person, SeenPage, mails, visit
from tests.other_connection import other_connection, until_somebody_waits
from tests.sign_in.software_passkey import SoftwarePasskey, add

pytestmark = pytest.mark.usefixtures("database")

ASKED = "/sign-in/second-factor"


async def with_new_password(page: SeenPage) -> Person:
    """Chooses a new password on the page after the undo, and signs in with it."""
    owner = await visit("shop")
    await owner.fill(await owner.get(page.path), {"password": people.ANOTHER_PASSWORD})
    await owner.sign_in(OLD, people.ANOTHER_PASSWORD)
    return owner


async def told() -> list[str]:
    return [one.text for one in await mails("security_changed", OLD)]


async def test_an_authenticator_that_was_set_up_since_the_change_goes_with_its_undo() -> None:
    ines = await people.shopper()
    thief = await ines.signed_in()
    await change(thief, NEW)
    _secret, codes = await set_up(thief)
    page = await press(await undo_link())
    assert "The authenticator that was set up since then is removed, with its recovery codes." in page.text
    assert "cannot be brought back" not in page.text
    assert await DB.fetch_value("SELECT count(*) FROM second_factors") == 0
    assert await DB.fetch_value("SELECT count(*) FROM recovery_codes") == 0
    assert "the authenticator that was set up since then was removed" in (await told())[-1]
    owner = await with_new_password(page)
    assert (await owner.get("/account")).path == "/account", "the owner is not locked out"
    assert codes


async def test_the_owner_s_own_authenticator_stays() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    secret, codes = await set_up(person)
    await change(person, NEW)
    page = await press(await undo_link())
    assert "authenticator" not in page.text
    owner = await with_new_password(page)
    assert (await owner.get("/account")).path.partition("?")[0] == ASKED
    page = await owner.fill(await owner.get(ASKED), {"code": codes[0]})
    assert page.path == "/account"
    assert secret


async def test_recovery_codes_that_were_made_since_are_dead_and_the_authenticator_works() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    secret, _own = await set_up(person)
    await change(person, NEW)
    page = await person.get("/account/security/recovery-codes")
    page = await person.post("/account/security/recovery-codes")
    of_thief = [one.text_content() for one in page.tree.iterfind(".//main//li/code")]
    page = await press(await undo_link())
    assert "The recovery codes that were made since then no longer work." in page.text
    assert "recovery codes that were made since then no longer work" in (await told())[-1]
    owner = await with_new_password(page)
    page = await owner.fill(await owner.get(ASKED), {"code": of_thief[0]})
    assert page.status == 422
    assert (await owner.fill(page, {"code": code_of(secret)})).path == "/account"


async def test_an_own_authenticator_that_was_replaced_is_said_to_be_lost_and_locks_nobody_out() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await set_up(person)
    await change(person, NEW)
    await person.post("/account/security/authenticator/remove")
    await set_up(person)
    page = await press(await undo_link())
    assert "The authenticator that was set up since then is removed" in page.text
    assert "The authenticator that you had before cannot be brought back" in page.text
    assert "The authenticator that you had before cannot be brought back" in (await told())[-1]
    owner = await with_new_password(page)
    assert (await owner.get("/account/security/authenticator")).status == 200


async def test_an_own_authenticator_that_was_only_removed_is_said_to_be_lost_as_well() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await set_up(person)
    await change(person, NEW)
    await person.post("/account/security/authenticator/remove")
    page = await press(await undo_link(), language="de")
    assert "kann nicht wiederhergestellt werden" in page.text
    assert "set up since then" not in (await told())[-1]
    assert "The authenticator that you had before cannot be brought back" in (await told())[-1]
    assert (await (await with_new_password(page)).get("/account")).path == "/account"


async def test_a_key_that_a_thief_has_only_been_shown_is_not_shown_to_the_owner_again() -> None:
    ines = await people.shopper()
    thief = await ines.signed_in()
    await change(thief, NEW)
    page = await thief.get("/account/security/authenticator")
    seen = page.tree.find(".//main//code").text_content()
    owner = await with_new_password(await press(await undo_link()))
    page = await owner.get("/account/security/authenticator")
    assert page.tree.find(".//main//code").text_content() != seen


async def test_a_browser_that_came_since_is_a_new_one_again() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    await change(person, NEW)
    thief = await visit("shop")
    await thief.sign_in(NEW, ines.password)
    assert await DB.fetch_value("SELECT count(*) FROM known_devices") == 2
    page = await press(await undo_link())
    assert await DB.fetch_value("SELECT count(*) FROM known_devices") == 1
    assert (await (await with_new_password(page)).get("/account")).path == "/account"


async def test_the_password_that_the_thief_knows_opens_nothing_after_the_undo() -> None:
    """The mail about the undo goes to the thief as well, who must not be faster than the owner's new password."""
    ines = await people.shopper()
    await change(await ines.signed_in(), NEW)
    page = await press(await undo_link())
    thief = await visit("shop")
    assert (await thief.sign_in(OLD, ines.password)).status == 422
    assert (await thief.get("/account")).path.startswith("/sign-in")
    assert (await (await with_new_password(page)).get("/account")).path == "/account"


async def test_an_undo_without_anything_set_up_since_says_nothing_of_it() -> None:
    ines = await people.shopper()
    person = await ines.signed_in()
    own = SoftwarePasskey()
    await add(person, own)
    told_before = len(await told())
    await change(person, NEW)
    page = await press(await undo_link())
    assert "authenticator" not in page.text
    assert "recovery codes" not in page.text
    assert len(await told()) == told_before


@pytest.mark.parametrize("what", ["passkey", "e-mail"])
async def test_what_a_thief_sends_while_the_change_is_being_undone_is_refused(
    database: str, what: str
) -> None:
    ines = await people.shopper()
    thief = await ines.signed_in()
    await change(thief, NEW)
    link = await undo_link()
    mailed = len(await mails("confirm_new_email"))
    async with other_connection(database) as other, other.transaction():
        await other.execute("SELECT FROM users FOR NO KEY UPDATE")
        undoing = asyncio.ensure_future(press(link))
        await until_somebody_waits(undoing)
        sent = asyncio.ensure_future(
            add(thief, SoftwarePasskey()) if what == "passkey" else change(thief, "third@example.com")
        )
        await until_somebody_waits(sent, count=2)
    assert "Your old e-mail address is back" in (await undoing).text
    await asyncio.wait([sent])
    assert await DB.fetch_value("SELECT count(*) FROM passkeys") == 0
    assert len(await mails("confirm_new_email")) == mailed
    assert await DB.fetch_value("SELECT email FROM users WHERE id = $1", ines.user_id) == OLD
