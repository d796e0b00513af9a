"""Who was removed by their company asks for their data as everybody does, until they are deleted (domain.md 13)."""

import pytest

from app.personal_data.held_data import held_data
from app.personal_data.requests import purge_finished_requests
from tables.engine import DB
from tests.browser_like import Person, SeenPage, mails, visit
from tests.checkout.ordering import open_shop, order
from tests.company_users.managing import press
from tests.customers.belonging import address, ordered
from tests.people import Known, colleague, company, shopper, staff_member
from tests.personal_data.asking import carry_out, confirm_link, opened, staff
from tests.personal_data.test_deletion import delete, give_factors, tables_that_hold

pytestmark = pytest.mark.usefixtures("database")

RARE = "xaverine@quendolin.example"


async def removed() -> Known:
    """Somebody with an order and an address of their own, whom their company has removed."""
    await open_shop()
    boss = await company()
    buyer = await colleague(boss, RARE)
    await DB.execute("UPDATE users SET last_name = 'Quendolin' WHERE id = $1", buyer.user_id)
    await ordered(buyer, "O-1", "returned")
    await address(buyer, "Own street 1", is_personal=True)
    await give_factors(buyer.user_id)
    await press(await boss.signed_in(), buyer, "/remove")
    return buyer


async def entered(person: Person, kind: str) -> SeenPage:
    page = await person.get("/personal-data-requests/new")
    return await person.fill(page, {"person": RARE, "kind": kind}, form="person")


async def test_staff_find_them_by_what_they_have_given_up_and_the_copy_holds_it() -> None:
    await removed()
    person = await staff()
    page = await entered(person, "export")
    assert "The person has been mailed a link" in page.text
    [asked] = await mails("data_request_confirm")
    assert asked.to == RARE
    assert (await confirm_link("business")).status == 200
    assert "The archive is made" in (await carry_out(person)).text
    visitor = await visit("business")
    page = await visitor.get((await mails("data_archive_ready"))[-1].link)
    form = page.form(with_field="token")
    answer = await visitor.client.post(
        form.get("action"),
        data={"token": page.typed("token"), "_csrf_token": page.csrf_token},
    )
    data, html = opened(answer.content)
    held = data["held"]
    assert (held["users"][0]["login"], held["users"][0]["email"]) == (RARE, RARE)
    assert held["departures"][0]["addresses"][0]["street"] == "Own street 1"
    assert "Own street 1" in html
    assert "removed-" not in html


async def test_a_guests_form_finds_them_too_as_they_cannot_sign_in() -> None:
    await removed()
    visitor = await visit("business")
    page = await visitor.get("/personal-data-requests")
    await visitor.fill(page, {"email": RARE, "kind": "export"}, form="email")
    assert [one.to for one in await mails("data_request_confirm")] == [RARE]


async def test_deletion_leaves_nothing_that_names_them() -> None:
    buyer = await removed()
    person = await staff()
    await entered(person, "delete")
    await confirm_link("business")
    assert "The data is deleted." in (await carry_out(person)).text
    assert await DB.fetch_value("SELECT anonymised_at IS NOT NULL FROM users WHERE id = $1", buyer.user_id)
    assert await DB.fetch_value("SELECT count(*) FROM departures") == 0
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '31 days'")
    await purge_finished_requests()
    for word in (RARE, "Quendolin", "Own street"):
        assert await tables_that_hold(word) == set(), word


async def test_who_registered_anew_is_forgotten_with_what_was_handed_over_to_them() -> None:
    await open_shop()
    boss = await company()
    buyer = await colleague(boss, RARE)
    person = await buyer.signed_in()
    await person.fill(
        await person.get("/account/profile"), {"last_name": "Quendolin", "phone": "030 7654321"}
    )
    home = {"first_name": "X", "last_name": "Q", "street": "Own street 1", "postal_code": "10115"}
    await person.fill(await person.get("/account/addresses/new"), {**home, "city": "Berlin", "country": "DE"})
    await order(person)
    await press(await boss.signed_in(), buyer, "/remove")
    again = await shopper(RARE, first_name="Bea", last_name="Again")
    desk = await (await staff_member("desk@example.com")).signed_in()
    page = await desk.get(f"/users/{buyer.user_id}/move")
    page = await desk.post(page.form(action=f"/hand-over?leaves={boss.number}").get("action"))
    assert f"belongs to the account {RARE} now" in page.text
    told = {one["kind"] for one in (await held_data(again.user_id, RARE))["outbox_mails"]}
    assert {"order_placed", "member_removed"} <= told
    await delete(again)
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '31 days'")
    await purge_finished_requests()
    for word in (RARE, "Quendolin", "Own street", "7654321"):
        assert await tables_that_hold(word) == set(), word
