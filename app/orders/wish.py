"""What a buyer wants beside what is in the basket, and why an order cannot be placed as it is (domain.md 9)."""

from dataclasses import dataclass

from app.basket.reckoning import Delivery
from app.checkout.payments import PaymentProvider
from app.customers.addresses import AddressDetails
from app.requisitions.budgets import Excess


class OrderRefused(Exception):
    """The order cannot be placed as it is; `reasons` are for the person."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


class TotalsChanged(OrderRefused):
    """What the buyer has agreed to is no longer what the order would come to."""


class ApprovalNeeded(OrderRefused):
    """The order is beyond the buyer's limits: somebody else has to approve it; `excess` says what exceeds what."""

    def __init__(self, excess: tuple[Excess, ...]) -> None:
        super().__init__()
        self.excess = excess


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWish:
    """What a buyer wants beside what is in the basket."""

    email: str
    buyer_name: str
    billing: AddressDetails
    shipping: AddressDetails
    delivery: Delivery
    payment: PaymentProvider
    comment: str = ""
