"""Loads two companies beside the demo data, one of ten users and one of ten thousand, and many others around them.

Everything is made by the server itself, which is faster than a row at a time. Triggers and foreign keys are not
asked meanwhile, so what is written here keeps their rules by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.demo.load import ADMINISTRATOR
from tables.engine import DB
from tests.benchmarks.filling import beside_the_demo_data


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySize:
    """A company: its number, how many users it has, and how many of what for all of them together."""

    number: str
    users: int
    orders: int
    requisitions: int
    entries: int

    def login_of(self, who: str) -> str:
        """The login of its administrator or of a buyer; the password is that of the demo."""
        return f"user{1 if who == 'administrator' else 3}@{self.number.lower()}.example"

    def times(self, scale: float) -> "CompanySize":
        """The same company, larger or smaller; never below a page of each list."""
        return CompanySize(
            number=self.number,
            users=max(round(self.users * scale), 100),
            orders=max(round(self.orders * scale), 100),
            requisitions=max(round(self.requisitions * scale), 100),
            entries=max(round(self.entries * scale), 100),
        )


# As many of everything for each user, so that the companies differ by their size only.
SMALL_COMPANY = CompanySize(number="SMALL", users=10, orders=100, requisitions=50, entries=60)
LARGE_COMPANY = CompanySize(number="LARGE", users=10_000, orders=100_000, requisitions=50_000, entries=60_000)
# What else the shop has, so that the server plans for companies of every size.
OTHERS = tuple(
    CompanySize(number=f"OTHER-{n}", users=5, orders=20, requisitions=5, entries=10) for n in range(1_000)
)
FIRST_NAMES = "'Ana', 'Boris', 'Carla', 'Dora', 'Emil', 'Frieda', 'Gustav', 'Hanna', 'Ivo', 'Jana'"
DEPARTMENTS = "'Kitchen', 'Sales', 'Purchasing', 'Storage'"


async def fill_companies(address: str, companies: tuple[CompanySize, ...]) -> None:
    """The demo data and these companies in an empty, migrated database."""
    async with beside_the_demo_data(address, minutes=30):
        await _sizes(companies)
        for statement in _statements():
            await DB.execute(statement)


async def _sizes(companies: tuple[CompanySize, ...]) -> None:
    await DB.execute(
        """
        CREATE TEMPORARY TABLE size ON COMMIT DROP AS
        SELECT *, gen_random_uuid() AS customer FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[])
            AS t (number, users, orders, requisitions, entries)
        """,
        [one.number for one in companies],
        [one.users for one in companies],
        [one.orders for one in companies],
        [one.requisitions for one in companies],
        [one.entries for one in companies],
    )


def _statements() -> Iterator[str]:
    """Everything of the companies, in an order in which the server need not look anything up."""
    yield """
        INSERT INTO customers (id, number, customer_type, application, search_name, created_at)
        SELECT customer, number, 'SMB', 'business', number || ' Ltd', now() FROM size"""
    yield """
        INSERT INTO companies (id, customer, company_name)
        SELECT gen_random_uuid(), customer, number || ' Ltd' FROM size"""
    yield """
        INSERT INTO addresses (id, customer, street, postal_code, city, country, is_preferred_billing,
                               is_preferred_shipping, created_at)
        SELECT gen_random_uuid(), customer, 'Street 1', '12345', 'Berlin', 'DE', true, true, now() FROM size"""
    yield f"""
        CREATE TEMPORARY TABLE person ON COMMIT DROP AS
        SELECT s.number, s.customer, n, gen_random_uuid() AS "user", gen_random_uuid() AS membership,
               (ARRAY[{FIRST_NAMES}])[n % 10 + 1] AS first_name, 'Person ' || n AS last_name,
               'user' || n || '@' || lower(s.number) || '.example' AS email
        FROM size s, generate_series(1, s.users) n"""
    yield f"""
        INSERT INTO users (id, login, login_canonical, email, email_canonical, email_verified_at, password_hash,
                           password_changed_at, first_name, last_name, is_active, created_at)
        SELECT p."user", p.email, p.email, p.email, p.email, now(), a.password_hash, now(), p.first_name,
               p.last_name, n % 97 <> 0, now()
        FROM person p, users a WHERE a.login = '{ADMINISTRATOR}'"""
    yield f"""
        INSERT INTO memberships (id, "user", customer, roles, is_active, department, budget_amount, budget_period,
                                 created_at)
        SELECT membership, "user", customer,
               CASE WHEN n = 1 THEN ARRAY['account_administrator'] WHEN n % 50 = 2 THEN ARRAY['buyer', 'approver']
                    ELSE ARRAY['buyer'] END,
               n % 50 <> 7, (ARRAY[{DEPARTMENTS}])[n % 4 + 1], 100000, 'month',
               now() - n * interval '1 minute'
        FROM person"""
    yield """
        INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical,
                            state, is_net, items_total, net_total, tax_total, gross_total, taxes, placed_at)
        SELECT gen_random_uuid(), s.number || '-' || i, 'business', s.customer, p."user", p.last_name, p.email,
               p.email, CASE WHEN i % 5 = 0 THEN 'new' ELSE 'shipped' END, true, 1000, 1000, 70, 1070,
               '[{"rate": "7.00", "net": 1000, "tax": 70}]', now() - i * interval '1 minute'
        FROM size s, generate_series(1, s.orders) AS t (i), person p
        WHERE p.customer = s.customer AND p.n = i % s.users + 1"""
    yield """
        CREATE TEMPORARY TABLE offered ON COMMIT DROP AS
        SELECT id, sku, names->>'en' AS name, row_number() OVER (ORDER BY sku) - 1 AS nth FROM products"""
    yield """
        INSERT INTO order_lines (id, "order", product, position, sku, name, quantity, unit_price, line_total,
                                 tax_rate)
        SELECT gen_random_uuid(), o.id, p.id, l, p.sku, p.name, 2, 500, 1000, 7
        FROM orders o JOIN size s ON s.customer = o.customer, generate_series(1, 2) l, offered p
        WHERE p.nth = ((hashtext(o.number) & 65535) + l * 7) % (SELECT count(*) FROM offered)"""
    # What triggers keep for the lists.
    yield """
        INSERT INTO listed_members (membership, customer, is_active, roles, searched)
        SELECT l.membership, l.customer, l.is_active, l.roles, l.searched
        FROM members_to_list l JOIN size s ON s.customer = l.customer"""
    yield """
        INSERT INTO searched_orders ("order", customer, placed_at, searched)
        SELECT o.id, o.customer, o.placed_at, o.searched
        FROM orders_to_search o JOIN size s ON s.customer = o.customer"""
    yield """
        INSERT INTO requisitions (id, number, customer, "user", membership, buyer_name, application, state,
                                  net_total, gross_total, created_at, expires_at, decision_comment)
        SELECT gen_random_uuid(), s.number || '-R' || i, s.customer, p."user", p.membership, p.last_name, 'business',
               (ARRAY['approved', 'approved', 'rejected', 'pending', 'expired'])[i % 5 + 1], 1000, 1070,
               now() - i * interval '1 minute', now() + interval '14 days', 'No.'
        FROM size s, generate_series(1, s.requisitions) AS t (i), person p
        WHERE p.customer = s.customer AND p.n = i % s.users + 1"""
    yield """
        INSERT INTO audit_entries (id, happened_at, action, actor_id, actor_name, application, user_id, customer_id,
                                   before, after)
        SELECT gen_random_uuid(), now() - i * interval '1 minute', 'user changed', p."user", p.last_name, 'business',
               p."user", s.customer, '{"department": "Kitchen"}', '{"department": "Sales"}'
        FROM size s, generate_series(1, s.entries) AS t (i), person p
        WHERE p.customer = s.customer AND p.n = i % s.users + 1"""
    yield """
        INSERT INTO invitations (id, customer, application, email, email_canonical, roles, invited_by, created_at,
                                 sent_at, expires_at)
        SELECT gen_random_uuid(), p.customer, 'business', 'new-' || p.email, 'new-' || p.email, ARRAY['buyer'],
               p.membership, now(), now(), now() + interval '7 days'
        FROM person p"""
