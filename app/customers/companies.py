"""What the extension CompanyCustomer keeps: names, taxation id, industry (domain.md 2, 6)."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from app.audit import record
from app.customers.taxation_ids import kept_taxation_id, taxation_id_problem
from app.errors import Conflict
from app.forms import Choice, Form, Text
from app.languages import text
from app.visitor import Visitor
from tables import Company
from tables.engine import DB
from tables.keys import new_key

INDUSTRIES = (
    ("restaurants", text("Restaurants and cafés")),
    ("hotels", text("Hotels and guest houses")),
    ("catering", text("Catering and canteens")),
    ("retail", text("Food retail and delicatessen")),
    ("wholesale", text("Wholesale and distribution")),
    ("production", text("Food production")),
    ("offices", text("Offices and services")),
    ("public", text("Schools, hospitals and public bodies")),
    ("other", text("Something else")),
)

CompanyName = Annotated[str, Text(max_length=200)]
SecondCompanyName = Annotated[str, Text(max_length=200, required=False)]
TaxationId = Annotated[str, Text(max_length=40, required=False)]
Industry = Annotated[str, Choice(options=INDUSTRIES, required=False)]


class CompanyForm(Form):
    """A company's data, as its users edit them."""

    company_name: CompanyName
    company_name_2: SecondCompanyName
    taxation_id: TaxationId
    industry: Industry
    description: Annotated[str, Text(max_length=2000, required=False, multiline=True)]
    version: Annotated[str, Text(max_length=10, required=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyDetails:
    """A company. `taxation_id_country` is the ISO 3166 code that the id was checked for, "" while unknown."""

    company_name: str
    company_name_2: str = ""
    taxation_id: str = ""
    taxation_id_country: str = ""
    industry: str = ""
    description: str = ""


# What was said of a taxation id is not said of another one; the worker asks anew (app/customers/taxation_checks.py).
_SAME_ID = (
    "companies.taxation_id = excluded.taxation_id"
    " AND companies.taxation_id_country = excluded.taxation_id_country"
)


class StaleCompany(Conflict):
    """Somebody else has changed the company meanwhile; `stored` is what it is now, `version` its version."""

    def __init__(self, stored: Company, version: int) -> None:
        super().__init__(stored.id)
        self.stored = stored
        self.version = version


def company_problems(values: Mapping[str, Any], country: str) -> Iterator[tuple[str, str]]:
    """What is wrong with typed company fields; `country` is that of the company's address, "" while unknown."""
    taxation_id = values.get("taxation_id")
    problem = taxation_id_problem(taxation_id, country) if taxation_id else None
    if problem is not None:
        yield "taxation_id", problem


def company_details(form: Any, country: str) -> CompanyDetails:
    """The company that a form with the company's fields describes."""
    taxation_id, taxation_country = kept_taxation_id(form.taxation_id, country)
    return CompanyDetails(
        company_name=form.company_name,
        company_name_2=form.company_name_2,
        taxation_id=taxation_id,
        taxation_id_country=taxation_country,
        industry=form.industry,
        description=getattr(form, "description", ""),
    )


def industry_name(industry: str) -> str:
    """The English name of an industry, to be translated where it is shown; what is stored where it is unknown."""
    return dict(INDUSTRIES).get(industry, industry)


async def keep_company(customer_id: uuid.UUID, details: CompanyDetails) -> None:
    """Writes a customer's company, whether it had one or not, in the current transaction."""
    values = {**asdict(details)}
    names = list(values)
    await DB.execute(
        f"INSERT INTO companies (id, customer, {', '.join(names)})"  # names of the dataclass
        f" VALUES ($1, $2, {', '.join(f'${n}' for n in range(3, 3 + len(names)))})"
        f" ON CONFLICT (customer) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)},"
        f" taxation_id_result = CASE WHEN {_SAME_ID} THEN companies.taxation_id_result ELSE '' END,"
        f" taxation_id_checked_at = CASE WHEN {_SAME_ID} THEN companies.taxation_id_checked_at END",
        new_key(),
        customer_id,
        *values.values(),
    )


async def change_company(customer_id: uuid.UUID, details: CompanyDetails, version: int | None = None) -> None:
    """Overwrites a company whose customer still has the version that was read (None: whatever it has).

    Raises StaleCompany.
    """
    async with DB.transaction():
        current = await DB.fetch_value(
            "SELECT version FROM customers WHERE id = $1 FOR NO KEY UPDATE", customer_id
        )
        if version is not None and current != version:
            stored = await Company.objects().get(Company.customer == customer_id)
            if stored is not None:
                raise StaleCompany(stored, current)
        await keep_company(customer_id, details)
        await DB.execute(
            "UPDATE customers SET search_name = $2, version = version + 1 WHERE id = $1",
            customer_id,
            details.company_name,
        )


async def allow_own_requisitions(customer_id: uuid.UUID, allowed: bool, *, visitor: Visitor) -> None:
    """Says whether an approver may approve requisitions of their own (domain.md 10)."""
    async with DB.transaction():
        changed = await DB.execute(
            "UPDATE companies SET approves_own_requisitions = $2"
            " WHERE customer = $1 AND approves_own_requisitions <> $2",
            customer_id,
            allowed,
        )
        if changed:
            await record(
                "company changed",
                visitor=visitor,
                customer_id=customer_id,
                before={"approves_own_requisitions": not allowed},
                after={"approves_own_requisitions": allowed},
            )


async def country_of_company(customer_id: uuid.UUID) -> str:
    """The country of the company's contact address, "" where it has none yet."""
    found = await DB.fetch_value(
        "SELECT country FROM addresses WHERE customer = $1 AND membership IS NULL ORDER BY created_at, id LIMIT 1",
        customer_id,
    )
    return found or ""
