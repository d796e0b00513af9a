"""One of everything that belongs to a company or to its people, with the address of each."""

import uuid
from dataclasses import dataclass

from tables.engine import DB
from tests import people
from tests.browser_like import Person
from tests.checkout.ordering import add, order
from tests.company_users.managing import own_role
from tests.company_users.test_invitation_import import upload
from tests.company_users.test_invitations import send
from tests.contracts.test_buyer_pages import a_contract
from tests.customers.belonging import template
from tests.personal_data.asking import ask_in_account
from tests.requisitions.asking import ask, company, id_of

# What must stay as it is when somebody else asks for it.
TABLES = (
    *("addresses", "baskets", "basket_lines", "company_roles", "contracts", "invitations", "join_requests"),
    *(
        "memberships",
        "order_template_lines",
        "order_templates",
        "orders",
        "passkeys",
        "personal_data_requests",
    ),
    *("requisitions", "sessions", "user_imports", "users"),
)


@dataclass
class Everything:
    """`ids`: by the part of an address that ends in a parameter, what leads to something of theirs."""

    admin: people.Known
    buyer: people.Known
    as_admin: Person
    as_buyer: Person
    ids: dict[str, str]

    def owner_of(self, place: str) -> Person:
        """In whose browser something can be seen."""
        return self.as_buyer if place.startswith(("/basket", "/orders")) else self.as_admin


async def everything_of_a_company() -> Everything:
    """A company that has ordered, asked, invited, agreed and kept everything that there is."""
    theirs = await company()
    as_admin, as_buyer = await theirs.admin.signed_in(), await theirs.buyer.signed_in()
    number = await order(as_buyer)
    requisition = id_of(await ask(as_buyer))
    await add(as_buyer)
    await template(theirs.admin, "Every week", is_shared=True)
    await DB.execute(
        "INSERT INTO order_template_lines (id, template, product, quantity, position)"
        " SELECT gen_random_uuid(), t.id, p.id, 1, 1 FROM order_templates t, products p WHERE p.sku = 'TEA'"
    )
    await send(as_admin, "nora@alfki.example")
    imported = (await upload(as_admin, b"email,roles\nnina@alfki.example,Buyer\n")).path
    wisher = await people.shopper("ines@alfki.example")
    await DB.execute(
        'INSERT INTO join_requests (id, customer, "user", requested_at) VALUES (gen_random_uuid(), $1, $2, now())',
        theirs.admin.customer_id,
        wisher.user_id,
    )
    await DB.execute(
        'INSERT INTO passkeys (id, "user", host, credential_id, public_key, name, created_at)'
        " VALUES (gen_random_uuid(), $1, 'localhost', '\\x01', '\\x01', 'My phone', now())",
        theirs.admin.user_id,
    )
    await ask_in_account(theirs.admin, "export")

    async def newest(table: str) -> str:
        return str(await DB.fetch_value(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 1"))

    address = await DB.fetch_value("SELECT id FROM addresses WHERE customer = $1", theirs.admin.customer_id)
    # The newest one, in which nobody does anything any more.
    session = await DB.fetch_value(
        'SELECT id FROM sessions WHERE "user" = $1 ORDER BY id DESC', theirs.admin.user_id
    )
    ids = {
        "/account/addresses/{address_id:uuid}": str(address),
        "/account/contracts/{contract_id:uuid}": str(await a_contract(theirs.admin)),
        "/account/orders/{number:str}": number,
        "/account/privacy/{request_id:uuid}": await newest("personal_data_requests"),
        "/account/requisitions/{requisition_id:uuid}": requisition,
        "/account/roles/{role_id:uuid}": await own_role(theirs.admin, "Clerk", "purchase"),
        "/account/security/passkeys/{passkey_id:uuid}": await newest("passkeys"),
        "/account/security/sessions/{session_id:uuid}": str(session),
        "/account/templates/{template_id:uuid}": await newest("order_templates"),
        "/account/templates/{template_id:uuid}/lines/{line_id:uuid}": await newest("order_template_lines"),
        "/account/users/import/{upload:uuid}": imported.rsplit("/", 1)[1],
        "/account/users/invitations/{invitation:uuid}": await newest("invitations"),
        "/account/users/joining/{wish:uuid}": await newest("join_requests"),
        "/account/users/{user_id:uuid}": str(theirs.buyer.user_id),
        "/basket/lines/{line_id:uuid}": await newest("basket_lines"),
        "/orders/{number:str}": number,
    }
    return Everything(theirs.admin, theirs.buyer, as_admin, as_buyer, ids)


async def rows_of(user_ids: list[uuid.UUID | None]) -> dict[str, str]:
    """What the database holds, by table, as a sum; of sessions and people only theirs."""
    limits = {"sessions": 'WHERE "user" = ANY($1)', "users": "WHERE id = ANY($1)"}
    found = {}
    for table in TABLES:
        limit = limits.get(table, "")
        column = "t.id::text" if table == "sessions" else "t::text"
        found[table] = await DB.fetch_value(
            f"SELECT md5(string_agg({column}, '|' ORDER BY {column})) FROM {table} t {limit}",
            *([user_ids] if limit else []),
        )
    return found
