"""The archive of an export holds everything, for programs and to be read (domain.md 13)."""

import json
import re

import pytest
from piccolo.columns import ForeignKey
from piccolo.table import Table

import tables
from app.personal_data.archive import label_of
from app.personal_data.held_data import EXPORTED, NOT_EXPORTED, held_data
from tables.engine import DB
from tests.back_office.test_merge_customers import merged, undone
from tests.browser_like import visit
from tests.checkout.ordering import open_shop, order
from tests.customers.belonging import address
from tests.people import colleague, company, shopper, staff_member
from tests.personal_data.asking import ask_in_account, exported, opened

# Columns by which a row belongs to a person without a foreign key.
PERSONAL = {
    "email",
    "email_canonical",
    "to_email",
    "login_canonical",
    "user_id",
    "actor_id",
    "customer_id",
    "used_by",
}


def all_tables() -> dict[str, type[Table]]:
    found = (getattr(tables, name) for name in tables.__all__)
    return {one._meta.tablename: one for one in found if isinstance(one, type) and issubclass(one, Table)}


def tables_of_people() -> set[str]:
    """Every table with a link to a person, be it over other tables."""
    known = all_tables()
    found = {"users", "customers"}
    found |= {
        name
        for name, table in known.items()
        if PERSONAL & {column._meta.name for column in table._meta.columns}
    }
    while True:
        more = {
            name
            for name, table in known.items()
            for column in table._meta.columns
            if isinstance(column, ForeignKey)
            and column._foreign_key_meta.resolved_references._meta.tablename in found
        }
        if more <= found:
            return found
        found |= more


def test_no_table_with_a_link_to_a_person_is_forgotten() -> None:
    assert tables_of_people() - set(EXPORTED) - set(NOT_EXPORTED) == set(), (
        "say in app/personal_data/held_data.py what of the table is exported, or why nothing is"
    )
    assert set(EXPORTED) | set(NOT_EXPORTED) <= set(all_tables())
    assert not set(EXPORTED) & set(NOT_EXPORTED)
    assert all(NOT_EXPORTED.values())


def test_no_column_of_a_person_is_forgotten() -> None:
    """Of users, customers, addresses and orders all columns are exported but those that are secrets or keys."""
    secrets = {
        "id",
        "password_hash",
        "session_epoch",
        "version",
        "login_canonical",
        "email_canonical",
        "anonymised_at",
    }
    keys = {"customer", "user", "membership", "shipping_method", "is_net", "idempotency_key", "placed_for"}
    for name in ("users", "customers", "addresses", "orders"):
        columns = {column._meta.name for column in all_tables()[name]._meta.columns}
        missing = {one for one in columns if not re.search(rf"\b{one}\b", EXPORTED[name].sql)}
        assert missing <= secrets | keys, f"{name}: {missing - secrets - keys}"


@pytest.mark.usefixtures("database")
async def test_everything_on_the_page_is_called_by_a_name_in_words() -> None:
    """So that it is translated too; only data.json speaks in names of columns."""
    nobody = {
        "user": "NULL::uuid",
        "customers": "'{}'::uuid[]",
        "emails": "'{}'::text[]",
        "until": "'{}'::timestamptz[]",
    }
    unnamed = set()
    for section in EXPORTED.values():
        query = re.sub(r"(?<!:):(user|customers|emails|until)\b", lambda found: nobody[found[1]], section.sql)
        [row] = await DB.fetch(f"SELECT x.* FROM (SELECT 1) AS one LEFT JOIN ({query}) AS x ON false")
        unnamed |= {name for name in row if not label_of(name)}
    assert unnamed == set()


@pytest.mark.usefixtures("database")
async def test_a_shopper_gets_everything_that_is_held() -> None:
    await open_shop()
    known = await shopper(phone="+49 30 1234567")
    number = await order(await known.signed_in())
    data, page = await exported(known)
    held = data["held"]
    assert held["users"][0]["email"] == known.email
    assert held["customers"][0]["number"] == known.number
    assert held["addresses"][0]["street"] == "Obere Str. 57"
    assert held["orders"][0]["number"] == number
    assert held["orders"][0]["billing_address"]["city"]
    assert held["order_lines"][0]["sku"] == "TEA"
    assert held["sessions"]
    assert held["outbox_mails"]
    assert {"audit_entries", "sign_in_attempts", "memberships", "personal_data_requests"} <= set(held)
    for word in (known.email, known.number, "Obere Str. 57", "+49 30 1234567", number, "Addresses", "Orders"):
        assert word in page, word


@pytest.mark.usefixtures("database")
async def test_the_archive_holds_no_secret_and_nobody_elses_data() -> None:
    known = await shopper()
    other = await shopper("other@example.com", first_name="Otto", last_name="Other")
    await other.signed_in()
    data, page = await exported(known)
    for text in (json.dumps(data), page):
        assert "$argon2" not in text
        assert "other@example.com" not in text
        assert "Otto" not in text
    secret = re.compile(r"(_hash|secret|token_|public_key)")
    assert not [key for rows in data["held"].values() for row in rows for key in row if secret.search(key)]


@pytest.mark.usefixtures("database")
async def test_somebody_of_a_company_gets_their_own_data_and_not_the_companys() -> None:
    known = await company()
    paul = await colleague(known, "paul@alfki.example")
    data, _ = await exported(paul)
    held = data["held"]
    assert held["memberships"][0]["customer"] == "Alfreds Futterkiste"
    assert "addresses" not in held
    assert "customers" not in held
    assert known.email not in json.dumps(held)


@pytest.mark.usefixtures("database")
async def test_of_preferred_addresses_only_those_are_told_that_the_person_may_use() -> None:
    kept = await company()
    gone = await company("m@alfki2.example", company_name="Alfreds GmbH")
    paul = await colleague(gone, "paul@alfki2.example")
    await address(kept, "Company road 9")
    await address(paul, "Own street 1", is_personal=True)
    admin = await (await staff_member("admin@example.com")).signed_in()
    await merged(admin, kept, gone)
    person = await paul.signed_in()
    for street, kind in (("Company road 9", "billing"), ("Own street 1", "shipping")):
        key = await DB.fetch_value("SELECT id FROM addresses WHERE street = $1", street)
        await person.post(f"/account/addresses/{key}/prefer", {"kind": kind})
    # The company that is back is another one: its people may not use the addresses of the one that stayed.
    await undone(admin, kept)
    held = await held_data(paul.user_id, paul.email)
    [place] = held["memberships"]
    assert place["customer_number"] == gone.number
    assert (place["preferred_billing"], place["preferred_shipping"]) == (None, "Own street 1, ")


@pytest.mark.usefixtures("database")
async def test_the_page_is_in_the_language_of_the_person_and_escapes_what_they_typed() -> None:
    known = await shopper(preferred_language="de", last_name="<b>Müller</b>")
    person = await known.signed_in()
    await person.post("/account/privacy", {"kind": "export"})
    from tests.personal_data.asking import carry_out, confirm_link, staff

    await confirm_link()
    await carry_out(await staff())
    archive = await DB.fetch_value("SELECT archive FROM personal_data_requests")
    _, page = opened(archive)
    assert '<html lang="de">' in page
    assert "Ihre personenbezogenen Daten" in page
    assert "<b>Müller" not in page
    assert "&lt;b&gt;Müller" in page
    for label, value in (
        ("Land", "Deutschland"),
        ("Bevorzugte Sprache", "Deutsch"),
        ("Website", "Patron"),
        ("Ergebnis", "Angemeldet"),
    ):
        assert f"<dt>{label}</dt><dd>{value}</dd>" in page
    assert "<dd>Datenanfrage gestellt</dd>" in page


@pytest.mark.usefixtures("database")
async def test_an_archive_is_made_only_when_staff_carry_the_request_out() -> None:
    person = await ask_in_account(await shopper(), "export")
    assert not [one for one in (await person.get("/account/privacy")).links if one.endswith("/archive")]
    assert await DB.fetch_value("SELECT archive IS NULL FROM personal_data_requests")
    page = await (await visit("shop")).get("/personal-data-requests/archive?token=x")
    assert page.status == 410
