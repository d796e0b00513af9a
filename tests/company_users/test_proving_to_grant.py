"""Inviting somebody who may more than order asks once more who one is (security.md, Sign-in)."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails
from tests.company_users.managing import own_role
from tests.people import PASSWORD, Known

pytestmark = pytest.mark.usefixtures("database")

LONG_AGO = "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"
WHY = "Before you give these roles, please prove that it is you."
INVITE, SEVERAL, FILE = "/account/users/invite", "/account/users/invite/several", "/account/users/import"
NORA = {"email": "nora@alfki.example", "first_name": "Nora", "last_name": "Newman"}


async def found_open() -> tuple[Known, Person]:
    """A company's administrator, and the browser that they left some minutes ago."""
    maria = await people.company()
    person = await maria.signed_in()
    await DB.execute(LONG_AGO)
    return maria, person


async def invited() -> dict[str, list[str]]:
    return {row["email"]: row["roles"] for row in await DB.fetch("SELECT email, roles FROM invitations")}


@pytest.mark.parametrize("role", ["account_administrator", "approver"])
async def test_inviting_with_more_than_ordering_asks_for_the_password_and_keeps_what_was_typed(
    role: str,
) -> None:
    _maria, person = await found_open()
    typed = {**NORA, "roles": ["buyer", role], "order_limit": "250"}
    page = await person.fill(await person.get(INVITE), typed, form="email")
    assert page.status == 422
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}
    assert {name: page.typed(name) for name in NORA} == NORA
    assert page.typed("order_limit") == "250"
    ticked = [
        one.get("value")
        for one in page.tree.iterfind(".//input[@name='roles']")
        if one.get("checked") is not None
    ]
    assert set(ticked) == {"buyer", role}
    for wrong, sentence in (("not my password at all", "This is not your password."), ("", WHY)):
        page = await person.fill(page, {"current_password": wrong, "roles": ticked})
        assert page.errors["current_password"].startswith(sentence)
        assert "not my password at all" not in page.html
    assert await invited() == {}
    page = await person.fill(page, {"current_password": PASSWORD, "roles": ticked})
    assert "nora@alfki.example is invited by mail." in page.text
    assert {key: set(roles) for key, roles in (await invited()).items()} == {NORA["email"]: {"buyer", role}}
    page = await person.fill(await person.get(INVITE), {**typed, "email": "otto@alfki.example"}, form="email")
    assert "otto@alfki.example is invited by mail." in page.text, "the proof holds for five minutes"


async def test_buyers_and_viewers_are_invited_without_a_proof() -> None:
    maria, person = await found_open()
    harmless = await own_role(maria, "Apprentice", "purchase")
    for number, role in enumerate(("buyer", "viewer", harmless)):
        email = f"n{number}@alfki.example"
        page = await person.fill(await person.get(INVITE), {"email": email, "roles": role}, form="email")
        assert f"{email} is invited by mail." in page.text


async def test_roles_of_the_company_are_looked_at_by_what_they_permit() -> None:
    maria, person = await found_open()
    role = await own_role(maria, "Helper", "purchase", "manage_users")
    page = await person.fill(await person.get(INVITE), {**NORA, "roles": role}, form="email")
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}


async def test_inviting_several_asks_as_well_and_keeps_what_was_pasted() -> None:
    _maria, person = await found_open()
    typed = {"people": "Nora <nora@alfki.example>\notto@alfki.example", "roles": "account_administrator"}
    page = await person.fill(await person.get(SEVERAL), typed, form="people")
    assert page.errors == {"current_password": WHY}
    assert await invited() == {}
    assert page.form(with_field="people").find(".//textarea").text_content().strip() == typed["people"]
    page = await person.fill(page, {"current_password": PASSWORD})
    assert "2 people are invited by mail." in page.text
    assert set(await invited()) == {"nora@alfki.example", "otto@alfki.example"}


async def test_who_has_no_password_proves_it_elsewhere_and_sends_the_same_form_again() -> None:
    _maria, person = await found_open()
    await DB.execute("UPDATE users SET password_hash = NULL")
    page = await person.fill(await person.get(INVITE), {**NORA, "roles": "approver"}, form="email")
    assert (page.status, page.errors) == (422, {"": WHY})
    assert "Prove it in a new tab" in page.main
    assert any(one.startswith("/business/sign-in/again?next=") for one in page.links)
    again = await person.fill(page, {})
    assert again.errors == {"": WHY}
    # As a passkey does it (tests/sign_in/test_passkeys.py).
    await DB.execute("UPDATE sessions SET authenticated_at = now()")
    assert "nora@alfki.example is invited by mail." in (await person.fill(page, {})).text


async def test_a_file_is_taken_only_from_who_has_just_proved_who_they_are() -> None:
    _maria, person = await found_open()
    page = await person.get(FILE)
    assert page.h1 == "Is it you?"
    page = await person.fill(page, {"password": PASSWORD})
    assert page.path == f"/business{FILE}"
    await DB.execute(LONG_AGO)
    content = b"email,roles\nnora@alfki.example,Account administrator\n"
    page = await person.fill(page, {}, form="file", files={"file": ("people.csv", content)}, follow=False)
    assert page.status == 303
    assert "/business/sign-in/again" in page.response.headers["location"]
    assert await DB.fetch_value("SELECT count(*) FROM user_imports") == 0
    assert await mails("invitation") == []


async def test_letting_somebody_join_who_may_more_than_order_asks_too() -> None:
    maria = await people.company()
    admin = await maria.signed_in()
    await admin.fill(await admin.get("/account/users/joining"), {}, form="is_on")
    ines = await (await people.shopper("ines@alfki.example")).signed_in()
    await ines.fill(await ines.get("/account/companies"), {"comment": "Ines"}, form="comment")
    await DB.execute(LONG_AGO)
    page = await admin.get("/account/users/joining")
    asked = await admin.fill(page, {"roles": ["account_administrator"]}, form="roles", follow=False)
    assert asked.status == 303
    assert "/business/sign-in/again" in asked.response.headers["location"]
    assert (
        await DB.fetch_value("SELECT count(*) FROM memberships WHERE customer = $1", maria.customer_id) == 1
    )
    await admin.fill(page, {"roles": ["buyer"]}, form="roles")
    assert (
        await DB.fetch_value("SELECT count(*) FROM memberships WHERE customer = $1", maria.customer_id) == 2
    )
