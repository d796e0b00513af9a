"""Loads the demo data: everything of it that is missing, nothing twice (architecture.md, Demo data)."""

from datetime import datetime

from app.applications import Application, application_for_type
from app.back_office.privileges import ALL_PRIVILEGES
from app.customers.addresses import AddressDetails
from app.customers.companies import CompanyDetails
from app.customers.consents import accept_terms, refuse_newsletter
from app.customers.creation import NewUser, add_member, create_customer, create_user
from app.customers.emails import canonical_login
from app.customers.types import customer_type_of
from app.demo.agreements import add_contract, add_organisations
from app.demo.categories import add_categories
from app.demo.company_life import (
    APPROVER,
    CLERK,
    COLLEAGUES,
    COMPANY,
    add_invitation,
    add_own_contract,
    add_own_role,
    add_requisition,
    add_second_company,
    add_templates,
    is_there,
    limit_colleague,
)
from app.demo.marketing import add_catalog_view, add_content, add_promotion
from app.demo.northwind import NorthwindCompany, companies
from app.demo.orders import add_orders
from app.demo.people import PEOPLE, DemoPerson
from app.demo.prices import add_price_lists, add_tax_rates
from app.demo.products import add_products
from app.demo.segments import add_segments
from app.demo.shipping import add_shipping_methods
from app.settings import settings
from app.sign_in.passwords import hash_password
from tables import Customer
from tables.engine import DB
from tables.keys import new_key

PASSWORD = "northwind demo 2026"  # printed by `make run`: it is for everybody
SHOPPER = "ines@example.com"
ADMINISTRATOR = "maria.anders@alfki.example"
BUYER = "paul.buyer@alfki.example"
PENDING_OWNER = "new.owner@pending.example"
# Of the company that has prices of its own by a contract.
CONTRACT_BUYER = "horst.kloss@quick.example"
STAFF = "admin@example.com"
FIXED_LOGINS = (SHOPPER, ADMINISTRATOR, BUYER, APPROVER, CLERK, CONTRACT_BUYER, PENDING_OWNER, STAFF)

DEMO_LOGINS = (
    f"Demo logins, all with the password: {PASSWORD}",
    f"  shop           {SHOPPER}",
    f"  business shop  {ADMINISTRATOR} (administrator), {BUYER} (buyer)",
    f"  business shop  {APPROVER} (approver), {CLERK} (has a budget, and waits for an approval)",
    f"  business shop  {CONTRACT_BUYER} (prices of a contract)",
    f"  business shop  {PENDING_OWNER} (awaits approval)",
    f"  back office    {STAFF}",
)

# Any number that nothing else locks: two that load at once load once.
LOCK = 7_046_217_310_001
WAIT = "2min"


class DemoDataRefused(RuntimeError):
    """Demo data have no place here; the message says why."""


async def load_demo_data(if_empty: bool = False, *, in_production: bool = False) -> list[str]:
    """Adds the demo data that are missing and gives lines to print: what was added, and the demo logins.

    `if_empty` adds nothing where there are customers. Raises DemoDataRefused outside of development unless
    `in_production` says that it is meant: everybody knows the passwords.
    """
    if not (settings().development or in_production):
        raise DemoDataRefused(
            "Demo data have known passwords: they are loaded with PATRON_ENV=development only."
        )
    # The fixed logins share one hash. Each would cost 16 ms (stack.md), and a salt of its own protects nobody
    # whose password stands in the README.
    password_hash = await hash_password(PASSWORD)
    async with DB.transaction():
        # On a busy machine the one that loads may take longer than a page may wait.
        await DB.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        await DB.execute(f"SET LOCAL statement_timeout = '{WAIT}'")
        await DB.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        if if_empty and await DB.fetch_value("SELECT EXISTS (SELECT FROM customers)"):
            return list(DEMO_LOGINS)
        return [await _load(password_hash), *DEMO_LOGINS]


async def _load(password_hash: str) -> str:
    loading = _Loading(password_hash, await DB.fetch_value("SELECT now()"))
    await loading.read_what_is_there()
    categories = await add_categories()
    new_products = await add_products()
    rates = await add_tax_rates()
    added_companies = sum([await loading.add_company(company) for company in companies()])
    added_people = sum([await loading.add_person(person) for person in PEOPLE])
    others = [
        await loading.add_buyer(),
        await loading.add_pending_company(),
        await loading.add_staff(),
        await add_shipping_methods(),
        await add_catalog_view(),
        await add_promotion(),
    ]
    # After the customers that are in segments, and after the orders that the rules of segments ask for.
    added_orders = await add_orders(_shop_for("SMB"), loading.now)
    others.append(await add_segments())
    # After the segments that they are aimed at.
    others.append(await add_price_lists(loading.now, new_products))
    others.append(await add_content())
    # After the price list that the contract brings, and the segment that is a customer group.
    others.append(await add_organisations())
    others.append(await add_contract(loading.now, STAFF))
    # After the products that are asked for, and their prices.
    others.append(await loading.add_company_life())
    added = {
        "categories": categories,
        "products": len(new_products),
        "companies": added_companies,
        "individual customers": added_people,
        "orders": added_orders,
        "others": sum(others),
    }
    if not (any(added.values()) or rates):
        return "The demo data are loaded already."
    return f"Demo data: {', '.join(f'{number} {name}' for name, number in added.items())} added."


class _Loading:
    """One run: what every step needs to know."""

    def __init__(self, password_hash: str, now: datetime) -> None:
        self.password_hash = password_hash
        self.now = now
        self.numbers: set[str] = set()
        self.logins: set[str] = set()

    async def read_what_is_there(self) -> None:
        """Notes numbers and logins that are taken, by earlier runs or by somebody else."""
        self.numbers = {row["number"] for row in await DB.fetch("SELECT number FROM customers")}
        self.logins = {row["login"] for row in await DB.fetch("SELECT login_canonical AS login FROM users")}

    async def add_company(self, company: NorthwindCompany) -> bool:
        """Adds a company with its contact as account administrator, unless number or login is taken."""
        if company.number in self.numbers or self._is_taken(company.email):
            return False
        contact = self._user(
            company.email,
            company.first_name,
            company.last_name,
            company.language,
            phone=company.phone,
            fax=company.fax,
            position=company.position,
        )
        address = AddressDetails(
            company_name=company.company_name,
            first_name=company.first_name,
            last_name=company.last_name,
            street=company.street,
            postal_code=company.postal_code,
            city=company.city,
            region=company.region,
            country=company.country,
            phone=company.phone,
        )
        await self._add_customer(
            "SMB", contact, address, CompanyDetails(company_name=company.company_name), company.number
        )
        return True

    async def add_person(self, person: DemoPerson) -> bool:
        """Adds an individual customer, unless the login is taken."""
        if self._is_taken(person.email):
            return False
        user = self._user(
            person.email,
            person.first_name,
            person.last_name,
            person.language,
            title=person.title,
            birthday=person.birthday,
            phone=person.phone,
        )
        await self._add_customer("INDIVIDUAL", user, person.address)
        return True

    async def add_buyer(self) -> bool:
        """Adds a second user to the company of the fixed administrator, unless the login is taken."""
        of = await Customer.objects().get(Customer.number == "ALFKI")
        if of is None or self._is_taken(BUYER):
            return False
        buyer = await create_user(self._user(BUYER, "Paul", "Buyer", "en"))
        await add_member(of, buyer, ("buyer",), department="Purchasing", position="Buyer")
        await accept_terms(buyer.id, _shop_for("SMB"))
        return True

    async def add_company_life(self) -> int:
        """Adds what goes on in the company of the fixed administrator; how many things. Nothing where somebody else
        manages it now."""
        if not await is_there(ADMINISTRATOR):
            return 0
        shop, added = _shop_for("SMB"), 0
        own_role = await add_own_role(shop, ADMINISTRATOR)
        of = await Customer.objects().get(Customer.number == COMPANY)
        for one in COLLEAGUES:
            if of is None or self._is_taken(one.email):
                continue
            user = await create_user(self._user(one.email, one.first_name, one.last_name, "en"))
            await add_member(of, user, one.roles or (own_role,), one.department, one.position)
            await accept_terms(user.id, shop)
            await limit_colleague(shop, ADMINISTRATOR, one)
            added += 1
        added += await add_second_company(ADMINISTRATOR)
        added += await add_own_contract(self.now, STAFF)
        added += await add_invitation(shop, ADMINISTRATOR)
        added += await add_templates(shop, BUYER)
        return added + await add_requisition(shop)

    async def add_pending_company(self) -> bool:
        """Adds a company that awaits approval, unless its number or login is taken."""
        if "PENDING" in self.numbers or self._is_taken(PENDING_OWNER):
            return False
        owner = self._user(PENDING_OWNER, "Nora", "Owen", "en", position="Owner")
        details = CompanyDetails(company_name="The Corner Larder", industry="retail")
        address = AddressDetails(
            company_name=details.company_name,
            first_name=owner.first_name,
            last_name=owner.last_name,
            street="3 Market Place",
            postal_code="YO1 8QR",
            city="York",
            country="GB",
        )
        await self._add_customer("SMB", owner, address, details, "PENDING", is_approved=False)
        return True

    async def add_staff(self) -> bool:
        """Adds the staff member with all privileges, unless the login is taken."""
        if self._is_taken(STAFF):
            return False
        user = await create_user(self._user(STAFF, "Alex", "Admin", "en"))
        await DB.execute(
            'INSERT INTO staff_members (id, "user", privileges, is_active, created_at)'
            " VALUES ($1, $2, $3, true, now())",
            new_key(),
            user.id,
            [one.value for one in ALL_PRIVILEGES],
        )
        return True

    async def _add_customer(
        self,
        customer_type_id: str,
        user: NewUser,
        address: AddressDetails,
        company: CompanyDetails | None = None,
        number: str = "",
        *,
        is_approved: bool = True,
    ) -> None:
        application = _shop_for(customer_type_id)
        created = await create_customer(
            application=application,
            customer_type=customer_type_of(customer_type_id),
            user=user,
            company=company,
            address=address,
            number=number,
            is_approved=is_approved,
        )
        if created.user is not None:
            await accept_terms(created.user.id, application)
            await refuse_newsletter(created.user.id, application)

    def _user(self, email: str, first_name: str, last_name: str, language: str, **more: object) -> NewUser:
        """A user with a verified e-mail. Only the fixed logins have a password; the others can be reminded."""
        return NewUser(
            login=email,
            email=email,
            first_name=first_name,
            last_name=last_name,
            # Whoever tries the demo begins in the language of its README; the switch on each page changes it.
            preferred_language="en" if email in FIXED_LOGINS else language,
            email_verified_at=self.now,
            password_hash=self.password_hash if email in FIXED_LOGINS else None,
            **more,  # type: ignore[arg-type]  # fields of NewUser
        )

    def _is_taken(self, login: str) -> bool:
        return canonical_login(login) in self.logins


def _shop_for(customer_type_id: str) -> Application:
    application = application_for_type(customer_type_id)
    if application is None:
        raise DemoDataRefused(f"No application lets customers of the type {customer_type_id} log in.")
    return application
