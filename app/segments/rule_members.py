"""Members that rules find, brought up to date for one customer (domain.md 7); app/segments/filling.py does so
for one segment.

They are kept as rows, so that a request learns a customer's segments without judging any rule.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from app.segments.facts import BY_RULE, Facts, Window, facts_of
from app.segments.rules import Rule, RuleRefused, read_rule, segments_named_in, windows_of
from app.versions import Held, Subject, version_of
from tables.engine import DB
from tables.keys import new_key

log = structlog.get_logger()

_LEAVE = f"DELETE FROM segment_members sm WHERE sm.customer = $1 AND sm.segment = $2 AND {BY_RULE}"
# Two who judge a customer at once would each do so without the other's change: the second waits, and then sees it.
_ONE_AT_A_TIME = "xact_lock(hashtextextended(one::text, 7)) FROM unnest($1::uuid[]) AS one"
_ENTER = """
    INSERT INTO segment_members (id, segment, customer, service, origin, created_at)
    VALUES ($1, $2, $3, 'standard', 'rule', now()) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules by segment, in an order in which each comes after those whose segments it asks for."""

    by_segment: Mapping[str, Rule]
    windows: frozenset[Window]


async def current_rules() -> Rules:
    """The rules of this moment. Whoever has changed one has raised the version before."""
    return await _held.at(await version_of(Subject.SEGMENTS), keep_from_transaction=True)


async def are_there_rules(versions: Mapping[str, int]) -> bool:
    """Whether any segment has a rule at these versions (`visitor.versions`)."""
    return bool((await _held.at(versions)).by_segment)


async def update_rule_segments_of(customer_id: uuid.UUID) -> None:
    """Finds out anew which rules hold for one customer, in one transaction with that of the caller."""
    rules = await current_rules()
    if not rules.by_segment:
        return
    async with DB.transaction():
        await lock_who_is_judged([customer_id])
        facts = await facts_of(customer_id, rules.windows)
        if facts is None:
            return
        holding = segments_that_hold(rules, facts)
        await _keep(customer_id, rules, before=facts.by_rule, now=holding)


async def lock_who_is_judged(customers: Collection[uuid.UUID]) -> None:
    """Keeps all others from judging these customers until the current transaction ends."""
    await DB.execute(f"SELECT pg_advisory_{_ONE_AT_A_TIME}", sorted(customers))


async def lock_who_can_be_judged(customers: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """The same for those of these customers whom nobody is just judging; who they are."""
    rows = await DB.fetch(
        f"SELECT one FROM (SELECT one, pg_try_advisory_{_ONE_AT_A_TIME}) AS tried (one, is_free) WHERE is_free",
        sorted(customers),
    )
    return [row["one"] for row in rows]


def segments_that_hold(rules: Rules, facts: Facts) -> frozenset[str]:
    """The segments whose rules hold for a customer; puts them into the facts for the rules that ask for them."""
    found = set()
    for segment, rule in rules.by_segment.items():
        if rule.holds(facts):
            found.add(segment)
            facts.segments.add(segment)
    return frozenset(found)


async def _keep(
    customer_id: uuid.UUID, rules: Rules, *, before: Collection[str], now: Collection[str]
) -> None:
    # One segment after another in the order of the rules, as they are filled (app/segments/filling.py): two who find
    # out about the same customer do not wait for each other in a circle.
    for segment in rules.by_segment:
        if segment in before and segment not in now:
            await DB.execute(_LEAVE, customer_id, segment)
        elif segment in now and segment not in before:
            await DB.execute(_ENTER, new_key(), segment, customer_id)


async def _read_rules() -> Rules:
    rows = await DB.fetch("SELECT id, rule::text AS rule FROM segments WHERE rule <> '{}' ORDER BY id")
    rules: dict[str, Rule] = {}
    for row in rows:
        try:
            rules[row["id"]] = read_rule(row["rule"])
        except RuleRefused as error:
            # For example a customer type that is no longer installed: its members stay as they were.
            log.warning("segment with a rule that cannot be used", segment=row["id"], reason=str(error))
    return arranged(rules)


_held: Held[Rules] = Held(_read_rules, Subject.SEGMENTS)


def arranged(rules: Mapping[str, Rule]) -> Rules:
    """The rules in the order in which they can be judged. Raises RuleRefused where they ask for each other."""
    ordered: dict[str, Rule] = {}
    waiting = dict(rules)
    while waiting:
        ready = [one for one, rule in waiting.items() if segments_named_in(rule).isdisjoint(waiting.keys())]
        if not ready:
            raise RuleRefused(f"The rules of {', '.join(sorted(waiting))} ask for each other.")
        for one in ready:
            ordered[one] = waiting.pop(one)
    windows = frozenset(window for rule in ordered.values() for window in windows_of(rule))
    return Rules(ordered, windows)
