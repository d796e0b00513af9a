"""Contracts that end soon are told to those who look after the customer, once (domain.md 12)."""

from typing import Any

from app.applications import Application, all_applications, back_office
from app.languages import date_text
from app.links import links_of
from app.mail.outbox import queue_mail
from tables.engine import DB

# Where the application at which a customer is at home is no longer configured.
_OTHERWISE_DAYS = 30
_AT_ONCE = 100

# Days are those of the application where the customer is at home. A contract that nobody looks after waits until
# somebody does.
_DUE = """
    SELECT k.id, k.number, k.name, k.ends_on, k.customer AS customer_id, c.search_name AS customer_name
    FROM contracts k JOIN customers c ON c.id = k.customer
    LEFT JOIN unnest($1::text[], $2::text[], $3::int[]) AS a(application, zone, days)
           ON a.application = c.application
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE coalesce(a.zone, 'UTC'))::date AS day) AS today
    WHERE k.reminded_at IS NULL AND k.ends_on >= today.day AND k.ends_on <= today.day + coalesce(a.days, $4)
      AND EXISTS (SELECT FROM account_managers m JOIN staff_members s ON s.id = m.staff_member
                  JOIN users u ON u.id = s."user" WHERE m.customer = k.customer AND s.is_active AND u.is_active)
    ORDER BY k.ends_on, k.id LIMIT $5 FOR UPDATE OF k SKIP LOCKED
"""
_RECIPIENTS = """
    SELECT u.id AS user_id, u.email, trim(u.first_name || ' ' || u.last_name) AS name, u.preferred_language
    FROM account_managers m JOIN staff_members s ON s.id = m.staff_member JOIN users u ON u.id = s."user"
    WHERE m.customer = $1 AND s.is_active AND u.is_active ORDER BY u.id
"""


async def tell_of_ending_contracts() -> int:
    """Mails account managers of contracts that end within the days that are set (`contract_reminder_days`), and
    notes it, so that each end is told once; how many contracts were told of.

    Run by the worker. It may be killed at any time: mails and note are one transaction.
    """
    staff = back_office()
    if staff is None:
        return 0
    shops = [one for one in all_applications() if not one.is_back_office]
    async with DB.transaction():
        due = await DB.fetch(
            _DUE,
            [one.id for one in shops],
            [one.time_zone for one in shops],
            [one.contract_reminder_days for one in shops],
            _OTHERWISE_DAYS,
            _AT_ONCE,
        )
        for contract in due:
            await _tell(staff, contract)
        await DB.execute(
            "UPDATE contracts SET reminded_at = now() WHERE id = ANY($1::uuid[])", [one["id"] for one in due]
        )
    return len(due)


async def _tell(staff: Application, contract: dict[str, Any]) -> None:
    for recipient in await DB.fetch(_RECIPIENTS, contract["customer_id"]):
        wanted = recipient["preferred_language"]
        language = wanted if wanted in staff.languages else staff.languages[0]
        await queue_mail(
            application=staff,
            kind="contract_ends",
            user_id=recipient["user_id"],
            to_email=recipient["email"],
            to_name=recipient["name"],
            language=language,
            name=recipient["name"],
            customer_name=contract["customer_name"],
            number=contract["number"],
            contract_name=contract["name"],
            last_day=date_text(contract["ends_on"], language),
            link=links_of(staff).url("back_office_contract", contract_id=contract["id"]),
        )
