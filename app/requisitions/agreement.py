"""What an approver agrees to: what the order comes to, and how far it is beyond the limits (domain.md 10)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.requisitions.budgets import Excess, Limit

# Nobody is shown more of a limit than so many digits.
_LEFT = re.compile(r"([a-z]+):(-?[0-9]{1,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A fingerprint of a reckoning, and of each limit that the order exceeds what was left of it: net minor units,
    below zero where more was spent than may be."""

    fingerprint: str
    left: Mapping[Limit, int]

    @property
    def sent(self) -> str:
        """As a form sends it, at most 200 characters."""
        return " ".join([self.fingerprint, *(f"{limit}:{left}" for limit, left in self.left.items())])

    def exceeded_further(self, excess: Iterable[Excess]) -> tuple[Excess, ...]:
        """What is exceeded that was not, or by more than was agreed to. Who agrees to more agrees to less as well."""
        return tuple(one for one in excess if one.limit not in self.left or one.left < self.left[one.limit])


def agreement_to(fingerprint: str, excess: Iterable[Excess]) -> Agreement:
    """What is agreed to by who sees this."""
    return Agreement(fingerprint=fingerprint, left={one.limit: one.left for one in excess})


def agreement_sent(sent: str) -> Agreement:
    """What a form has sent. Nonsense agrees to nothing."""
    fingerprint, *limits = sent.split(" ")
    found = [_LEFT.fullmatch(one) for one in limits]
    return Agreement(
        fingerprint=fingerprint,
        left={Limit(one[1]): int(one[2]) for one in found if one and one[1] in set(Limit)},
    )
