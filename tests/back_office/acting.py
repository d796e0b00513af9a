"""A visitor without a request, for tests of domain functions that want to know who acts."""

from app.access import Account
from app.applications import application_by_id
from app.visitor import Visitor, account_of
from tables.engine import DB
from tests.people import Known

ACCOUNT = """
    SELECT u.id AS user_id, u.session_epoch, u.login, u.email, u.first_name, u.last_name, u.is_active AS user_is_active,
           u.email_verified_at IS NOT NULL AS email_is_verified, m.id AS membership_id,
           m.is_active AS membership_is_active, m.roles, c.id AS customer_id, c.number AS customer_number,
           c.customer_type, c.approval_status, c.is_active AS customer_is_active, co.company_name,
           st.is_active AS staff_is_active, st.privileges, false AS has_second_factor
    FROM users u
    LEFT JOIN memberships m ON m."user" = u.id
    LEFT JOIN customers c ON c.id = m.customer
    LEFT JOIN companies co ON co.customer = c.id
    LEFT JOIN staff_members st ON st."user" = u.id
    WHERE u.id = $1
"""


async def visitor_of(known: Known) -> Visitor:
    """The known person, signed in to their application."""
    row = await DB.fetch_row(ACCOUNT, known.user_id)
    application = application_by_id(known.application)
    assert row is not None
    assert application is not None
    account: Account = account_of(row)
    return Visitor(application=application, language="en", account=account)
