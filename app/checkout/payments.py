"""Payment: by invoice, in advance, or by a provider behind one interface (domain.md 9).

No data of a card is ever asked or stored: a provider is given the amount and an idempotency key, and gives a
reference. The provider for tests is offered in development only.
"""

from typing import Protocol

from app.languages import text
from app.settings import settings


class PaymentRefused(Exception):
    """The provider will not take this payment."""


class PaymentProvider(Protocol):
    """What a way of payment is to the checkout. Names and words are English texts that are translated."""

    @property
    def id(self) -> str:
        """Kept with the order."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def explanation(self) -> str:
        """What happens when somebody chooses it."""

    @property
    def instructions(self) -> str:
        """What the buyer has to do after ordering, "" for nothing."""

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Makes sure of the amount (minor units); the provider's reference, "" for none.

        The same key gives the same reference and never a second payment. Raises PaymentRefused.
        """

    async def release(self, reference: str) -> None:
        """Gives an authorised amount back, since no order came of it."""


class Invoice:
    """The buyer pays when the goods have come."""

    id = "invoice"
    name = text("Invoice")
    explanation = text("You pay within 14 days after the delivery.")
    instructions = text("You will get an invoice with the delivery. Please pay within 14 days.")

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Nothing to make sure of."""
        return ""

    async def release(self, reference: str) -> None:
        """Nothing to give back."""


class Prepayment(Invoice):
    """The buyer transfers the money first."""

    id = "prepayment"
    name = text("Prepayment")
    explanation = text("You transfer the amount, then we deliver.")
    instructions = text("Please transfer the amount and name the order number. We deliver when it has come.")


class AgreeingTestProvider:
    """Says yes to every payment."""

    id = "test"
    name = text("Test payment")
    explanation = text("For trying out: always succeeds, no money moves.")
    instructions = ""

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """A reference made of the key, so that a retry is the same payment."""
        return f"test-{idempotency_key[:24]}"

    async def release(self, reference: str) -> None:
        """Nothing moved."""


class RefusingTestProvider(AgreeingTestProvider):
    """Says no to every payment."""

    id = "test-refused"
    name = text("Test payment that fails")
    explanation = text("For trying out: always refused.")

    async def authorise(self, idempotency_key: str, amount: int, currency: str) -> str:
        """Refuses."""
        raise PaymentRefused


def payment_providers() -> dict[str, PaymentProvider]:
    """The ways of payment that are offered, by id, in their order."""
    offered: list[PaymentProvider] = [Invoice(), Prepayment()]
    if settings().development:
        offered += [AgreeingTestProvider(), RefusingTestProvider()]
    return {one.id: one for one in offered}


def payment_name(payment_id: str) -> str:
    """The English name of a way of payment; its id where it is no longer known."""
    known: list[PaymentProvider] = [Invoice(), Prepayment(), AgreeingTestProvider(), RefusingTestProvider()]
    return next((one.name for one in known if one.id == payment_id), payment_id)


def payment_terms(payment_id: str) -> str:
    """How and by when it is paid, in English; "" where the way of payment is no longer known."""
    known: list[PaymentProvider] = [Invoice(), Prepayment(), AgreeingTestProvider(), RefusingTestProvider()]
    return next((one.explanation for one in known if one.id == payment_id), "")


def payment_instructions(payment_id: str) -> str:
    """What the buyer has to do after ordering, in English, "" for nothing."""
    known: list[PaymentProvider] = [Invoice(), Prepayment()]
    return next((one.instructions for one in known if one.id == payment_id), "")
