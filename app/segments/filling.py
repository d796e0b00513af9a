"""Filling custom segments with the customers that their rules hold for, among all customers (domain.md 7).

In a small shop members are found at once, in the transaction of the change. Where there are many customers the
worker finds them, one batch of customers after another. Each batch is a transaction that holds the segment's row:
any number of workers share the work, none does a batch that another one does, and one that is killed leaves
behind what it has finished.

Where the members of a segment change of which rules ask, only those customers are judged, unless they are very many:
to fill all of the asking segments anew would begin a fill that is under way from its start, again and again.

Time alone changes for whom some rules hold ("in the last 30 days"). Those are filled anew every night.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping

from app.segments.condition import Arguments
from app.segments.customer_groups import customer_groups
from app.segments.facts import BY_RULE
from app.segments.rule_members import current_rules, lock_who_is_judged
from app.segments.rules import Rule, changes_with_time, segments_named_in
from tables.engine import DB

# With more customers than this a rule takes longer than staff want to wait for a page.
MOST_AT_ONCE = 2_000
BATCH = 2_000
# So many customers are judged by themselves, in the transaction of what has changed for them: each takes a lock, of
# which the database has a few thousand for all.
MOST_BY_THEMSELVES = 500
# UTC. All times of the database are.
NEXT_NIGHT = "date_trunc('day', now() - interval '3 hours') + interval '1 day 3 hours'"
BEFORE_ALL, AFTER_ALL = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)

# Among which customers the members of a segment are found (`_find`).
_IN_BATCH = "{customer} > $2::uuid AND {customer} <= $3::uuid"
_BY_THEMSELVES = "{customer} = ANY($2::uuid[])"

_ARE_MANY = "SELECT count(*) > $1::int FROM (SELECT FROM customers LIMIT $1::int + 1) AS found"
_WANT = "UPDATE segments SET fill_due_at = now(), filled_up_to = NULL WHERE id = ANY($1::text[])"
_DONE = f"""
    UPDATE segments SET fill_due_at = CASE WHEN $2::boolean THEN {NEXT_NIGHT} END, filled_up_to = NULL WHERE id = $1
"""
# Of one that is held another worker has a batch at work, or staff are just changing its rule.
_CLAIM = """
    SELECT id, coalesce(filled_up_to, $1) AS filled_up_to FROM segments WHERE fill_due_at <= now()
    ORDER BY fill_due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""

# Whoever is at a batch of one of them finishes first: it may have judged before what has changed. In the order of the
# rules, as they are filled.
_WAIT_FOR_BATCHES = """
    SELECT FROM unnest($1::text[]) WITH ORDINALITY AS one (id, place) JOIN segments s ON s.id = one.id
    ORDER BY one.place FOR SHARE OF s
"""


async def find_members_of(segment: str) -> None:
    """Finds out anew for whom the rule of a segment holds, and the rules that ask for the segment.

    Called after the definition of the segment changed, in that transaction. With many customers the worker does it
    soon afterwards.
    """
    rules = (await current_rules()).by_segment
    if segment not in rules:
        await find_who_ask_for([segment])
    elif await _are_many():
        # The rules that ask for it are filled when it is (`_fill_next_batch`).
        await _want([segment])
    else:
        await _find_all([segment], rules)


async def find_who_ask_for(segments: Collection[str], customers: Collection[uuid.UUID] | None = None) -> None:
    """Finds out anew for whom the rules hold that ask for one of these segments, and those that ask for them.

    Called after the members of the segments changed, in that transaction. Where it says for which `customers`, and
    they are not too many (`MOST_BY_THEMSELVES`), only those are judged, at once; else, with many customers, as above.
    """
    rules = (await current_rules()).by_segment
    asking = _asking_for_one_of(segments, rules)
    if not asking or (customers is not None and not customers):
        return
    if customers is not None and len(customers) <= MOST_BY_THEMSELVES:
        await _find_by_themselves(customers, asking, rules)
    elif await _are_many():
        await _want(asking)
    else:
        await _find_all(asking, rules)


async def hold_who_ask_for(segments: Collection[str]) -> None:
    """Waits for whoever is filling a segment whose rule asks for one of these, and keeps others from beginning to,
    until the current transaction ends. For who locks customers before it calls `find_who_ask_for`."""
    rules = (await current_rules()).by_segment
    await DB.execute(_WAIT_FOR_BATCHES, _affected(_asking_for_one_of(segments, rules), rules))


async def find_who_ask_for_customer_groups() -> None:
    """The same for all customer groups, of which organisations give their customers one (domain.md 11). Called after
    the tree of organisations or its groups changed."""
    await find_who_ask_for([key for key, _name in await customer_groups()])


async def forget_found_members_of(segment: str) -> None:
    """Forgets the members that a rule has found, when the segment has none any more."""
    await DB.execute(f"DELETE FROM segment_members sm WHERE sm.segment = $1 AND {BY_RULE}", segment)
    await DB.execute(_DONE, segment, False)


async def fill_due_segments() -> int:
    """Finds the members of all segments whose time has come; how many were finished."""
    finished = 0
    while (is_finished := await _fill_next_batch()) is not None:
        finished += is_finished
    return finished


async def _fill_next_batch() -> bool | None:
    """Judges the next customers of the segment that waits longest; whether it is finished, None for no segment."""
    async with DB.transaction():
        claimed = await DB.fetch_row(_CLAIM, BEFORE_ALL)
        if claimed is None:
            return None
        segment, after = claimed["id"], claimed["filled_up_to"]
        rules = (await current_rules()).by_segment
        if segment not in rules:
            # Filled by hand, or its rule can no longer be used: its members stay as they are.
            await DB.execute(_DONE, segment, False)
            return False
        last = await DB.fetch_value(
            "SELECT id FROM customers WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1", after, BATCH - 1
        )
        await _find(segment, rules[segment], _IN_BATCH, after, last or AFTER_ALL)
        if last is not None:
            await DB.execute("UPDATE segments SET filled_up_to = $2 WHERE id = $1", segment, last)
            return False
        await DB.execute(_DONE, segment, changes_with_time(rules[segment]))
        await _want(_asking_for(segment, rules))
        return True


async def _are_many() -> bool:
    return bool(await DB.fetch_value(_ARE_MANY, MOST_AT_ONCE))


async def _find_all(segments: Collection[str], rules: Mapping[str, Rule]) -> None:
    """The members of these and of all whose rules ask for them, in the order of the rules."""
    for one in _affected(segments, rules):
        await _find(one, rules[one], _IN_BATCH, BEFORE_ALL, AFTER_ALL)
        await DB.execute(_DONE, one, changes_with_time(rules[one]))


async def _find_by_themselves(
    customers: Collection[uuid.UUID], segments: Collection[str], rules: Mapping[str, Rule]
) -> None:
    """The same among these customers only. What is filled meanwhile goes on where it is."""
    affected = _affected(segments, rules)
    await DB.execute(_WAIT_FOR_BATCHES, affected)
    await lock_who_is_judged(customers)
    for one in affected:
        await _find(one, rules[one], _BY_THEMSELVES, sorted(customers))


def _affected(segments: Collection[str], rules: Mapping[str, Rule]) -> list[str]:
    """These segments and all whose rules ask for them, directly or not, in the order of the rules."""
    affected: dict[str, None] = {}
    for one, rule in rules.items():
        if one in segments or not segments_named_in(rule).isdisjoint(affected):
            affected[one] = None
    return list(affected)


async def _want(segments: Iterable[str]) -> None:
    await DB.execute(_WANT, sorted(segments))


def _asking_for(segment: str, rules: Mapping[str, Rule]) -> list[str]:
    return [one for one, rule in rules.items() if segment in segments_named_in(rule)]


def _asking_for_one_of(segments: Collection[str], rules: Mapping[str, Rule]) -> set[str]:
    return {one for segment in segments for one in _asking_for(segment, rules)}


async def _find(segment: str, rule: Rule, among: str, *which: object) -> None:
    """The members of one segment among the customers that `among` means, with `which` as its arguments."""
    arguments = Arguments([segment, *which])
    holds = rule.sql(arguments)
    await DB.execute(
        f"DELETE FROM segment_members sm WHERE sm.segment = $1::text AND {BY_RULE}"
        f" AND {among.format(customer='sm.customer')}"
        f" AND NOT EXISTS (SELECT FROM customers c WHERE c.id = sm.customer AND {holds})",
        *arguments,
    )
    await DB.execute(
        "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
        " SELECT gen_random_uuid(), $1::text, c.id, 'standard', 'rule', now()"
        f" FROM customers c WHERE {among.format(customer='c.id')} AND {holds} ON CONFLICT DO NOTHING",
        *arguments,
    )
