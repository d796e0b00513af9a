"""Rules of custom segments: all or any of conditions, kept as JSON (domain.md 7).

{"is": "all", "of": [{"is": "customer_type", "one_of": ["SMB"]},
                     {"is": "order_total", "days": 365, "at_least": 500000}]}
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Union

import msgspec
from msgspec import Meta

from app.languages import gettext as _
from app.segments.condition import Arguments, Condition
from app.segments.customer_conditions import (
    AttributeIs,
    CountryIs,
    CustomerTypeIs,
    EmailDomainIs,
    InSegment,
    Registered,
)
from app.segments.facts import Facts, Window
from app.segments.order_conditions import LastOrder, OrderCount, OrderTotal

MOST_CONDITIONS = 50
DEEPEST = 5

SingleCondition = (
    CustomerTypeIs
    | CountryIs
    | Registered
    | OrderCount
    | OrderTotal
    | LastOrder
    | AttributeIs
    | EmailDomainIs
    | InSegment
)
# Told apart by the name that stands in `is`.
Rule = Union["AllOf", "AnyOf", SingleCondition]


class RuleRefused(ValueError):
    """A rule cannot be used; the message is a sentence for staff."""


class AllOf(Condition, tag="all"):
    """Every one of these holds."""

    of: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MOST_CONDITIONS)]

    def sql(self, arguments: Arguments) -> str:
        return f"({' AND '.join(one.sql(arguments) for one in self.of)})"

    def holds(self, facts: Facts) -> bool:
        return all(one.holds(facts) for one in self.of)

    def words(self) -> str:
        return _("all of these hold")


class AnyOf(Condition, tag="any"):
    """At least one of these holds."""

    of: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=MOST_CONDITIONS)]

    def sql(self, arguments: Arguments) -> str:
        return f"({' OR '.join(one.sql(arguments) for one in self.of)})"

    def holds(self, facts: Facts) -> bool:
        return any(one.holds(facts) for one in self.of)

    def words(self) -> str:
        return _("at least one of these holds")


@dataclass(frozen=True, slots=True)
class Judged:
    """A part of a rule with what it came to for one customer: the answer to "why is this customer in?"."""

    words: str
    holds: bool
    parts: tuple["Judged", ...] = ()


_decoder = msgspec.json.Decoder(AllOf | AnyOf | SingleCondition)


def read_rule(text: str | bytes) -> Rule:
    """The rule that a JSON text describes. Raises RuleRefused with a sentence that names the place."""
    try:
        rule: Rule = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RuleRefused(_("The rule cannot be read: %(reason)s", reason=str(error))) from error
    if len(list(conditions_of(rule))) > MOST_CONDITIONS or _depth(rule) > DEEPEST:
        raise RuleRefused(
            _(
                "A rule has at most %(count)s conditions, %(depth)s groups deep.",
                count=MOST_CONDITIONS,
                depth=DEEPEST,
            )
        )
    for one in conditions_of(rule):
        for problem in one.problems():
            raise RuleRefused(problem)
    return rule


def rule_text(rule: Rule) -> str:
    """The rule as it is kept: JSON."""
    return msgspec.json.encode(rule).decode()


def conditions_of(rule: Rule) -> Iterator[Condition]:
    """All conditions of a rule, without the groups."""
    if isinstance(rule, AllOf | AnyOf):
        for one in rule.of:
            yield from conditions_of(one)
    else:
        yield rule


def segments_named_in(rule: Rule) -> frozenset[str]:
    """The segments that a rule asks for."""
    return frozenset(one.segment for one in conditions_of(rule) if isinstance(one, InSegment))


def changes_with_time(rule: Rule) -> bool:
    """Whether it can begin or cease to hold for a customer with whom nothing happens."""
    return any(one.changes_with_time for one in conditions_of(rule))


def windows_of(rule: Rule) -> frozenset[Window]:
    """The order totals that a rule asks for."""
    return frozenset(one.window for one in conditions_of(rule) if isinstance(one, OrderTotal))


def judged(rule: Rule, facts: Facts) -> Judged:
    """The rule with all its parts, each with whether it holds for the customer."""
    parts = tuple(judged(one, facts) for one in rule.of) if isinstance(rule, AllOf | AnyOf) else ()
    return Judged(rule.words(), rule.holds(facts), parts)


def _depth(rule: Rule) -> int:
    return 1 + max(_depth(one) for one in rule.of) if isinstance(rule, AllOf | AnyOf) else 0
