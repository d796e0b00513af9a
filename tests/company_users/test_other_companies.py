"""What belongs to another company is as missing as what never was, on every route that the table of routes has.

Whoever adds an address that names something of a company adds a foreign one to FOREIGN below.
"""

import json
import uuid
from datetime import date

import pytest
from litestar.routes import HTTPRoute

from app.access import audience_of
from app.contracts.edit_contract import ContractDetails, create_contract
from tables.engine import DB
from tests import people
from tests.browser_like import Person, patron
from tests.customers.belonging import address, asked, basket, ordered, template
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

# Of the parameters that stand in addresses behind the sign-in: where a foreign one is found.
FOREIGN = {
    "address_id": "SELECT id FROM addresses WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "contract_id": "SELECT id FROM contracts WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "number": "SELECT number FROM orders WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "request_id": 'SELECT id FROM personal_data_requests WHERE $1::uuid IS NOT NULL AND "user" = $2',
    "requisition_id": "SELECT id FROM requisitions WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "role_id": "SELECT id FROM company_roles WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "passkey_id": 'SELECT id FROM passkeys WHERE $1::uuid IS NOT NULL AND "user" = $2',
    "session_id": 'SELECT id FROM sessions WHERE $1::uuid IS NOT NULL AND "user" = $2',
    "template_id": "SELECT id FROM order_templates WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "line_id": "SELECT l.id FROM order_template_lines l JOIN order_templates t ON t.id = l.template"
    " WHERE t.customer = $1 AND $2::uuid IS NOT NULL",
    "upload": "SELECT id FROM user_imports WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "invitation": "SELECT id FROM invitations WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "wish": "SELECT id FROM join_requests WHERE customer = $1 AND $2::uuid IS NOT NULL",
    "user_id": "SELECT id FROM users WHERE $1::uuid IS NOT NULL AND id = $2",
}

# What forms ask for before they look for what they are about; other forms take no notice of it.
FIELDS = {"kind": "billing", "comment": "x", "quantity": "1"}


async def company_with_everything() -> Known:
    """A company of which there is one of each thing that an address can name."""
    other = await people.company("boss@fremd.example", company_name="Fremd Ltd")
    await other.signed_in()
    await ordered(other, "F-1", "confirmed")
    await asked(other, "R-F1")
    what = {
        "email": "",
        "billing": {},
        "shipping": {},
        "shipping_method": "",
        "shipping_name": "",
        "payment": "",
    }
    await DB.execute("UPDATE requisitions SET checkout = $1::jsonb", json.dumps(what))
    await template(other, "Fremd", is_shared=True)
    await address(other, "Fremdstraße 1")
    await basket(other)
    await create_contract(other.customer_id, ContractDetails(name="Fremd", starts_on=date(2026, 1, 1)))
    for statement in (
        "INSERT INTO company_roles (id, customer, name, permissions, version, created_at)"
        " SELECT gen_random_uuid(), $1, 'Fremd', '{purchase}', 1, now() WHERE $2::uuid IS NOT NULL",
        "INSERT INTO invitations (id, customer, application, email, email_canonical, created_at, sent_at, expires_at)"
        " SELECT gen_random_uuid(), $1, 'business', 'x@fremd.example', 'x@fremd.example', now(), now(),"
        " now() + interval '1 day' WHERE $2::uuid IS NOT NULL",
        'INSERT INTO join_requests (id, customer, "user", state, requested_at)'
        " VALUES (gen_random_uuid(), $1, $2, 'pending', now())",
        "INSERT INTO user_imports (id, customer, application, language, file_name, state, created_at)"
        " SELECT gen_random_uuid(), $1, 'business', 'en', 'x.csv', 'done', now() WHERE $2::uuid IS NOT NULL",
        'INSERT INTO personal_data_requests (id, number, kind, state, origin, "user", email, email_canonical,'
        " application, language, requested_at, confirm_until, due_at) SELECT gen_random_uuid(), 'D-1', 'export', 'asked',"
        " 'account', $2, 'boss@fremd.example', 'boss@fremd.example', 'business', 'en', now(), now(), now()"
        " WHERE $1::uuid IS NOT NULL",
        'INSERT INTO passkeys (id, "user", credential_id, public_key, sign_count, name, created_at, host,'
        " transports) SELECT gen_random_uuid(), $2, '\\x01', '\\x01', 0, 'Fremd', now(), 'localhost', '{}' WHERE $1::uuid IS NOT NULL",
    ):
        await DB.execute(statement, other.customer_id, other.user_id)
    return other


def routes_behind_the_sign_in() -> list[tuple[str, str]]:
    """(method, address) of everything of the business shop that names something and is not for everybody."""
    site = next(litestar for application, litestar in patron().sites if application.id == "business")
    return [
        (method, route.path)
        for route in site.routes
        if isinstance(route, HTTPRoute) and "{" in route.path
        for handler in route.route_handlers
        if (audience_of(handler) or "").startswith("signed in")
        for method in sorted(handler.http_methods - {"OPTIONS"})
    ]


def parameters(path: str) -> list[str]:
    return [part.strip("{}").partition(":")[0] for part in path.split("/") if part.startswith("{")]


def filled(path: str, values: dict[str, object]) -> str:
    return "/".join(
        str(values[part.strip("{}").partition(":")[0]]) if part.startswith("{") else part
        for part in path.split("/")
    )


async def asked_for(person: Person, method: str, path: str) -> tuple[int, str, str]:
    """Status, heading and text of the answer, without the number of the request."""
    page = await (
        person.get(path, follow=False) if method == "GET" else person.post(path, FIELDS, follow=False)
    )
    if not page.is_page:
        return page.status, page.response.headers.get("location", ""), ""
    return page.status, page.h1, page.main.partition("If you ask us for help")[0]


async def test_what_belongs_to_another_company_is_missing_on_every_route() -> None:
    other = await company_with_everything()
    foreign = {
        name: await DB.fetch_value(sql, other.customer_id, other.user_id) for name, sql in FOREIGN.items()
    }
    # A template has no lines here: what follows the foreign template does not matter.
    foreign["line_id"] = foreign["line_id"] or uuid.uuid4()
    assert all(foreign.values()), [name for name, value in foreign.items() if value is None]
    missing = {name: "NONE" if name == "number" else uuid.uuid4() for name in FOREIGN}
    person = await (await people.company()).signed_in()
    await person.get("/account")
    before = await DB.fetch_value(
        "SELECT count(*) FROM audit_entries WHERE customer_id = $1", other.customer_id
    )
    found, others = routes_behind_the_sign_in(), []
    assert len(found) > 40
    for method, path in found:
        assert set(parameters(path)) <= set(FOREIGN), f"{path} names something that is not tried here"
        answer = await asked_for(person, method, filled(path, foreign))
        assert answer == await asked_for(person, method, filled(path, missing)), (method, path)
        if answer[0] != 404:
            others.append((method, path, answer[:2]))
    assert others == []
    after = await DB.fetch_value(
        "SELECT count(*) FROM audit_entries WHERE customer_id = $1", other.customer_id
    )
    assert after == before
