"""Deletion: nothing that names the person is left, but what the law asks to keep (domain.md 13)."""

import uuid

import pytest

from app.personal_data.deletion import FORGOTTEN_EMAIL, forget_finished_orders
from app.personal_data.requests import purge_finished_requests
from tables.engine import DB
from tests.browser_like import mails, visit
from tests.checkout.ordering import open_shop, order
from tests.people import Known, colleague, company, shopper
from tests.personal_data.asking import ask_in_account, carry_out, confirm_link, staff

pytestmark = pytest.mark.usefixtures("database")

RARE = {"first_name": "Xaverine", "last_name": "Quendolin", "phone": "+49 30 76543217654"}


async def delete(known: Known, **fields: str) -> None:
    await ask_in_account(known, "delete")
    await confirm_link(known.application)
    page = await carry_out(await staff(), **fields)
    assert "The data is deleted." in page.text, page.main


async def tables_that_hold(word: str) -> set[str]:
    """Every table of the database in which a word stands."""
    names = await DB.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = set()
    for row in names:
        sql = f"SELECT count(*) FROM {row['tablename']} t WHERE strpos(lower(t::text), lower($1)) > 0"
        if await DB.fetch_value(sql, word):
            found.add(row["tablename"])
    return found


async def give_factors(user_id: uuid.UUID) -> None:
    key = uuid.uuid4
    await DB.execute(
        'INSERT INTO passkeys (id, "user", host, credential_id, public_key, name, created_at)'
        " VALUES ($1, $2, 'localhost', 'x', 'y', 'Quendolin phone', now())",
        key(),
        user_id,
    )
    await DB.execute(
        'INSERT INTO known_devices (id, "user", device_hash, user_agent, first_used_at, last_used_at)'
        " VALUES ($1, $2, 'x', 'Firefox of Quendolin', now(), now())",
        key(),
        user_id,
    )
    await DB.execute(
        'INSERT INTO recovery_codes (id, "user", code_hash) VALUES ($1, $2, $3)', key(), user_id, b"x"
    )


async def test_nothing_is_left_that_names_a_shopper_but_the_invoice() -> None:
    await open_shop()
    known = await shopper("xaverine@quendolin.example", **RARE)
    person = await known.signed_in()
    number = await order(person)
    await DB.execute(
        "UPDATE orders SET state = 'shipped', invoice_number = 'R1', comment = 'ring at Quendolin'"
    )
    await give_factors(known.user_id)
    page = await person.get("/account/profile")
    await person.fill(page, {"last_name": "Quendolin-Meyer"})
    before = await DB.fetch_row("SELECT * FROM orders")
    await delete(known)
    for word in ("quendolin", "xaverine", "76543217654", "xaverine@quendolin.example"):
        kept = await tables_that_hold(word)
        # The request and the last mail wait for the purge; the invoice needs its recipient.
        assert kept <= {"orders", "personal_data_requests", "outbox_mails"}, (word, kept)
    after = await DB.fetch_row("SELECT * FROM orders")
    assert after["number"] == number
    assert after["billing_address"] == before["billing_address"]
    for name in (
        "items_total",
        "net_total",
        "tax_total",
        "gross_total",
        "taxes",
        "placed_at",
        "customer",
        "user",
    ):
        assert after[name] == before[name], name
    assert (after["email"], after["buyer_name"], after["comment"]) == (FORGOTTEN_EMAIL, "", "")
    assert "Obere" not in after["shipping_address"]
    assert '"country": "DE"' in after["shipping_address"]
    await DB.execute("UPDATE personal_data_requests SET finished_at = now() - interval '31 days'")
    await purge_finished_requests()
    for word in ("xaverine@quendolin.example", "Quendolin"):
        assert await tables_that_hold(word) <= {"orders"}


async def test_the_person_is_out_at_once_and_can_never_sign_in_again() -> None:
    known = await shopper()
    person = await known.signed_in()
    await delete(known)
    page = await person.get("/account")
    assert page.h1 == "Sign in"
    page = await (await visit("shop")).sign_in(known.login, known.password)
    assert page.status == 422
    user = await DB.fetch_row("SELECT * FROM users WHERE id = $1", known.user_id)
    assert user["anonymised_at"] is not None
    assert (user["is_active"], user["password_hash"]) == (False, None)
    for table in ("sessions", "link_tokens", "known_devices", "passkeys", "second_factors", "consents"):
        assert await DB.fetch_value(f'SELECT count(*) FROM {table} WHERE "user" = $1', known.user_id) == 0, (
            table
        )


async def test_the_person_is_told_by_a_last_mail() -> None:
    known = await shopper()
    await delete(known)
    assert [one.kind for one in await mails(to=known.email)] == ["data_deleted"]


async def test_the_customer_is_anonymised_and_in_no_segment_and_keeps_its_number() -> None:
    known = await shopper(**RARE)
    await DB.execute(
        "INSERT INTO segments (id, name, description, created_at) VALUES ('GOLD', 'Gold', '', now())"
    )
    await DB.execute(
        "INSERT INTO segment_members (id, segment, customer, created_at) VALUES ($1, 'GOLD', $2, now())",
        uuid.uuid4(),
        known.customer_id,
    )
    await delete(known)
    customer = await DB.fetch_row("SELECT * FROM customers WHERE id = $1", known.customer_id)
    assert (customer["number"], customer["search_name"], customer["is_active"]) == (known.number, "", False)
    assert await DB.fetch_value("SELECT count(*) FROM segment_members") == 0
    assert await DB.fetch_value("SELECT count(*) FROM addresses") == 0


async def test_the_same_email_can_register_again() -> None:
    known = await shopper()
    await delete(known)
    again = await shopper(known.email)
    assert (await (await again.signed_in()).get("/account")).status == 200


async def test_of_a_company_only_the_person_leaves() -> None:
    known = await company()
    paul = await colleague(known, "paul@alfki.example")
    await delete(paul)
    assert await DB.fetch_value("SELECT company_name FROM companies") == "Alfreds Futterkiste"
    members = await DB.fetch('SELECT "user" FROM memberships')
    assert [row["user"] for row in members] == [known.user_id]
    assert await DB.fetch_value("SELECT count(*) FROM addresses") == 1
    assert (await (await known.signed_in()).get("/account")).status == 200


async def test_invitations_and_wishes_to_join_go_with_the_person() -> None:
    known = await company()
    paul = await colleague(known, "paul@alfki.example")
    await DB.execute(
        "INSERT INTO invitations (id, customer, application, email, email_canonical, created_at, sent_at, expires_at)"
        " VALUES (gen_random_uuid(), $1, 'business', $2, $2, now(), now(), now())",
        known.customer_id,
        paul.email,
    )
    await DB.execute(
        'INSERT INTO join_requests (id, customer, "user", requested_at) VALUES (gen_random_uuid(), $1, $2, now())',
        known.customer_id,
        paul.user_id,
    )
    await delete(paul)
    assert await DB.fetch_value("SELECT count(*) FROM invitations") == 0
    assert await DB.fetch_value("SELECT count(*) FROM join_requests") == 0


@pytest.mark.parametrize(("choice", "is_active"), [("keep", True), ("disable", False)])
async def test_staff_decide_about_a_company_that_loses_its_last_administrator(
    choice: str, is_active: bool
) -> None:
    known = await company()
    await colleague(known, "paul@alfki.example")
    await ask_in_account(known, "delete")
    await confirm_link("business")
    person = await staff()
    page = await carry_out(person)
    assert page.status == 422
    assert "last administrator of: Alfreds Futterkiste" in page.main
    assert await DB.fetch_value("SELECT anonymised_at IS NULL FROM users WHERE id = $1", known.user_id)
    page = await person.fill(page, {"without_administrator": choice})
    assert "The data is deleted." in page.text
    assert await DB.fetch_value("SELECT is_active FROM customers") is is_active


async def test_a_staff_member_is_not_deleted_by_the_way() -> None:
    known = await shopper()
    await DB.execute(
        'INSERT INTO staff_members (id, "user", privileges, is_active, created_at)'
        " VALUES ($1, $2, '{}', true, now())",
        uuid.uuid4(),
        known.user_id,
    )
    await ask_in_account(known, "delete")
    await confirm_link()
    page = await carry_out(await staff())
    assert page.status == 422
    assert "staff member" in page.main
    assert await DB.fetch_value("SELECT state FROM personal_data_requests") == "confirmed"


async def test_an_open_order_keeps_where_it_goes_until_it_is_done() -> None:
    await open_shop()
    known = await shopper()
    await order(await known.signed_in())
    await delete(known)
    assert "Obere" in await DB.fetch_value("SELECT shipping_address FROM orders")
    assert await forget_finished_orders() == 0
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R1'")
    assert await forget_finished_orders() == 1
    assert "Obere" not in await DB.fetch_value("SELECT shipping_address FROM orders")
    assert "Obere" in await DB.fetch_value("SELECT billing_address FROM orders"), "the invoice keeps it"
    assert await forget_finished_orders() == 0


async def test_what_a_provider_knows_a_payment_by_goes_with_the_order() -> None:
    await open_shop()
    known = await shopper()
    person = await known.signed_in()
    number = await order(person, payment_method="test")
    done = await order(person, payment_method="test")
    await DB.execute("UPDATE orders SET state = 'shipped' WHERE number = $1", done)
    await delete(known)
    references = await DB.fetch(
        'SELECT o.number, p.reference FROM payments p JOIN orders o ON o.id = p."order"'
    )
    by_number = {row["number"]: row["reference"] for row in references}
    assert by_number[done] == ""
    assert by_number[number].startswith("test-"), "what is still open may have to be given back"
    await DB.execute("UPDATE orders SET state = 'shipped' WHERE number = $1", number)
    await forget_finished_orders()
    assert await DB.fetch_value("SELECT count(*) FROM payments WHERE reference <> ''") == 0


async def test_an_order_that_came_to_nothing_keeps_no_address() -> None:
    await open_shop()
    known = await shopper()
    await order(await known.signed_in())
    await DB.execute("UPDATE orders SET state = 'cancelled'")
    await delete(known)
    assert "orders" not in await tables_that_hold("Obere")


async def test_an_order_of_a_company_keeps_the_companys_address_without_the_persons_name() -> None:
    await open_shop()
    known = await company()
    paul = await colleague(known, "paul@alfki.example")
    await order(await paul.signed_in())
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R1'")
    await delete(paul)
    row = await DB.fetch_row("SELECT * FROM orders")
    assert '"company_name": "Alfreds Futterkiste"' in row["shipping_address"]
    assert "Obere Str. 57" in row["shipping_address"]
    assert "Anders" not in row["shipping_address"]
    assert (row["email"], row["buyer_name"]) == (FORGOTTEN_EMAIL, "")
    assert await forget_finished_orders() == 0


async def test_a_guest_is_forgotten_by_their_email() -> None:
    await open_shop()
    await order(await visit("shop"))
    await DB.execute("UPDATE orders SET state = 'shipped', invoice_number = 'R1'")
    guest = await visit("shop")
    await guest.fill(
        await guest.get("/personal-data-requests"), {"email": "guest@example.com", "kind": "delete"}
    )
    await confirm_link()
    await carry_out(await staff())
    assert await tables_that_hold("guest@example.com") <= {"personal_data_requests", "outbox_mails"}
    assert await tables_that_hold("Gerda") <= {"orders"}
    assert await DB.fetch_value("SELECT gross_total > 0 FROM orders")


async def test_the_audit_log_keeps_what_was_done_and_forgets_names_and_values() -> None:
    known = await shopper(**RARE)
    person = await known.signed_in()
    await person.fill(await person.get("/account/profile"), {"last_name": "Anders-Quendolin"})
    before = await DB.fetch("SELECT id, action, actor_id FROM audit_entries ORDER BY id")
    await delete(known)
    after = await DB.fetch("SELECT id, action, actor_id FROM audit_entries ORDER BY id")
    assert [row for row in after if row in before] == before
    assert "audit_entries" not in await tables_that_hold("Quendolin")
    entry = await DB.fetch_row("SELECT * FROM audit_entries WHERE action = 'data request carried out'")
    assert entry["actor_name"] == "Maria Anders", "who carried it out is recorded"


async def test_even_then_an_entry_loses_names_and_values_only() -> None:
    import asyncpg

    from app.audit import record

    await record("customer approved", reason="all is well")
    for change in ("action = 'x'", "happened_at = now()", "actor_name = 'x'", "after = '{\"a\": 1}'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            async with DB.transaction():
                await DB.execute("SELECT set_config('patron.forgets_a_person', 'yes', true)")
                await DB.execute(f"UPDATE audit_entries SET {change}")
