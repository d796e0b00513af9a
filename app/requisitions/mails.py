"""Mails about requisitions: to those who decide, and to the buyer about what became of it (domain.md 10)."""

from datetime import date

from app.access import Account
from app.applications import Application, application_by_id
from app.customers.departures import has_given_up_login
from app.languages import current_language, date_text, money_text
from app.links import links_of
from app.mail.outbox import queue_mail
from app.mail.people import Person, language_for, queue_mail_to
from app.other_customers import url_within
from app.requisitions.approvers import approvers_for
from app.requisitions.requisition import StoredRequisition
from app.requisitions.words import excess_words
from tables.engine import DB


async def mail_asked(requisition: StoredRequisition) -> None:
    """Tells everybody who may decide, in the current transaction; the link leads to the decision."""
    application = application_by_id(requisition.application)
    if application is None:
        return
    for one in await approvers_for(requisition.customer, requisition.user):
        await queue_mail(
            application=application,
            kind="requisition_asked",
            user_id=one.user_id,
            to_email=one.email,
            to_name=one.name,
            language=one.language,
            name=one.name,
            number=requisition.number,
            buyer=requisition.buyer_name,
            total=money_text(requisition.gross_total, requisition.currency, one.language),
            reasons=_reasons(requisition, one.language),
            comment=requisition.comment,
            expires=requisition.expires_at,
            link=links_of(application).url("requisition", requisition_id=requisition.id),
        )


async def mail_decided(requisition: StoredRequisition) -> None:
    """Tells the buyer what became of it, in the current transaction; nobody where the user is gone."""
    application = application_by_id(requisition.application)
    person = await DB.fetch_row(
        f"SELECT email FROM users WHERE id = $1 AND NOT {has_given_up_login('users.id')}", requisition.user
    )
    if application is None or person is None:
        return
    await queue_mail(
        application=application,
        kind="requisition_decided",
        user_id=requisition.user,
        to_email=person["email"],
        to_name=requisition.buyer_name,
        language=requisition.language,
        name=requisition.buyer_name,
        number=requisition.number,
        state=requisition.state.value,
        decided_by=requisition.decided_by_name,
        comment=requisition.decision_comment,
        order_number=requisition.order_number,
        link=links_of(application).url("requisition", requisition_id=requisition.id),
    )


async def mail_stand_in(
    colleague: Person, application: Application, approver: Account, first_day: date, last_day: date
) -> None:
    """Tells a colleague, in the current transaction, that and when they approve in somebody's place."""
    language = language_for(application, colleague)
    await queue_mail_to(
        colleague,
        application=application,
        kind="stand_in_appointed",
        approver_name=approver.name,
        customer_name=approver.company_name or approver.customer_number,
        first_day=date_text(first_day, language),
        last_day=date_text(last_day, language),
        link=url_within(application, approver.customer_number, "requisitions"),
    )


def _reasons(requisition: StoredRequisition, language: str) -> list[str]:
    """What it exceeds, in the language of who reads it."""
    before = current_language.set(language)
    try:
        return excess_words(requisition.reasons, requisition.net_total)
    finally:
        current_language.reset(before)
