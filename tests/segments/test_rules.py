"""Rules of custom segments: read strictly, judged alike by the database and for one customer (domain.md 7)."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.languages import current_language
from app.segments.condition import Arguments
from app.segments.facts import facts_of
from app.segments.rules import (
    AllOf,
    AnyOf,
    Rule,
    RuleRefused,
    judged,
    read_rule,
    rule_text,
    segments_named_in,
    windows_of,
)
from tables.engine import DB
from tables.keys import new_key
from tests import people

SMB = {"is": "customer_type", "one_of": ["SMB"]}


def rule(value: object) -> Rule:
    return read_rule(json.dumps(value))


def test_a_rule_is_kept_as_the_json_that_it_was_read_from() -> None:
    value = {
        "is": "any",
        "of": [
            SMB,
            {
                "is": "all",
                "of": [{"is": "country", "one_of": ["DE", "AT"]}, {"is": "order_count", "at_least": 3}],
            },
        ],
    }
    assert json.loads(rule_text(rule(value))) == value


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "IG_Everyone",
        {"is": "all"},
        {"is": "all", "of": []},
        {"is": "none", "of": [SMB]},
        {"is": "customer_type", "one_of": []},
        {"is": "customer_type", "one_of": ["MARTIANS"]},
        {"is": "customer_type", "one_of": ["SMB"], "sql": "1 = 1"},
        {"is": "country", "one_of": ["Germany"]},
        {"is": "registered"},
        {"is": "registered", "since": "yesterday"},
        {"is": "registered", "since": "2026-02-01", "before": "2026-01-01"},
        {"is": "registered", "within_days": 0},
        {"is": "order_count"},
        {"is": "order_count", "at_least": -1},
        {"is": "order_count", "at_least": 5, "at_most": 4},
        {"is": "order_count", "at_least": 1.5},
        {"is": "order_total", "at_least": 100},
        {"is": "order_total", "days": 30},
        {"is": "order_total", "days": 30, "at_least": 100, "currency": "€"},
        {"is": "last_order"},
        {"is": "attribute", "name": ""},
        {"is": "attribute", "name": "a\x00b"},
        {"is": "email_domain", "one_of": ["Example.com"]},
        {"is": "email_domain", "one_of": ["bücher.example"]},
        {"is": "segment", "segment": ""},
        {"is": "all", "of": [SMB] * 51},
        {"is": "all", "of": [{"is": "all", "of": [SMB] * 26}, {"is": "any", "of": [SMB] * 26}]},
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(value: object) -> None:
    with pytest.raises(RuleRefused) as refused:
        rule(value)
    assert str(refused.value).endswith((".", "`", ")", "'"))


def test_rules_are_not_nested_without_end() -> None:
    deep: object = SMB
    for _level in range(6):
        deep = {"is": "all", "of": [deep]}
    with pytest.raises(RuleRefused):
        rule(deep)
    with pytest.raises(RuleRefused):
        read_rule('{"is":"all","of":[' * 100_000)


def test_what_was_typed_gets_into_sql_as_an_argument_only() -> None:
    typed = "'); drop table customers; --"
    for value in (
        {"is": "attribute", "name": typed, "value": typed},
        {"is": "email_domain", "one_of": [typed]},
        {"is": "segment", "segment": typed},
    ):
        arguments = Arguments()
        assert "drop table" not in rule(value).sql(arguments)
        assert "drop table" in str(list(arguments))


def test_a_rule_is_told_in_the_language_of_the_reader() -> None:
    told = rule({"is": "order_total", "days": 90, "at_least": 100_000})
    assert told.words() == "orders of at least €1,000.00 in the last 90 days"
    token = current_language.set("de")
    try:
        assert told.words() == "Bestellungen von mindestens 1.000,00\xa0€ in den letzten 90 Tagen"
        assert rule(SMB).words() == "Kundentyp: Geschäftskunde"
    finally:
        current_language.reset(token)


# A fixed moment near which random days lie: the tests ask the database what "now" is.
TYPES = ("INDIVIDUAL", "SMB")
COUNTRIES = ("DE", "AT", "FR")
HOSTS = ("alfki.example", "bigco.example", "example.com")
SEGMENTS = ("GOLD", "SILVER", "EXPIRED", "IG_Everyone", "IG_SMBCustomers", "IG_NewUsers", "IG_RecurringUsers")
days = st.sampled_from([1, 7, 30, 90, 365])
counts = st.integers(0, 4)
amounts = st.integers(0, 40).map(lambda n: n * 1000)


def several(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2)


def between(values: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, int]]:
    return st.one_of(
        values.map(lambda one: {"at_least": one}),
        values.map(lambda one: {"at_most": one}),
        st.tuples(values, values).map(lambda two: {"at_least": min(two), "at_most": max(two)}),
    )


def some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=fields).filter(bool)


today = datetime.now(UTC).date()
dates = st.integers(0, 400).map(lambda n: (today - timedelta(days=n)).isoformat())
conditions = st.one_of(
    several(TYPES).map(lambda one_of: {"is": "customer_type", "one_of": one_of}),
    several(COUNTRIES).map(lambda one_of: {"is": "country", "one_of": one_of}),
    some(since=dates, within_days=days).map(lambda fields: {"is": "registered", **fields}),
    dates.map(lambda before: {"is": "registered", "before": before}),
    between(counts).map(lambda fields: {"is": "order_count", **fields}),
    st.tuples(between(amounts), days, st.sampled_from(["EUR", "USD"])).map(
        lambda drawn: {"is": "order_total", "days": drawn[1], "currency": drawn[2], **drawn[0]}
    ),
    some(within_days=days, longer_ago_than_days=days).map(lambda fields: {"is": "last_order", **fields}),
    st.sampled_from([{}, {"value": "red"}, {"value": "7"}, {"value": "true"}]).map(
        lambda value: {"is": "attribute", "name": "colour", **value}
    ),
    several(HOSTS).map(lambda one_of: {"is": "email_domain", "one_of": one_of}),
    st.tuples(st.sampled_from(SEGMENTS), st.booleans()).map(
        lambda drawn: {"is": "segment", "segment": drawn[0], "is_in": drawn[1]}
    ),
)
rules = st.recursive(
    conditions,
    lambda inner: st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda drawn: {"is": drawn[0], "of": drawn[1]}
    ),
    max_leaves=6,
)


async def varied_customers() -> None:
    """Forty customers that differ in everything that a rule may ask for."""
    now: datetime = await DB.fetch_value("SELECT now()")
    for n in range(40):
        host = HOSTS[n % 3]
        make = people.company if n % 2 else people.shopper
        known = await make(
            f"person{n}@{host}",
            created_at=now - timedelta(days=n * 11),
            email_verified_at=None if n % 7 == 0 else now,
            with_address=n % 5 != 0,
            membership_is_active=n % 9 != 0,
        )
        await DB.execute(
            "UPDATE customers SET created_at = $2, recurring_since = $3, attributes = $4::text::jsonb WHERE id = $1",
            known.customer_id,
            now - timedelta(days=n * 11),
            now if n % 4 == 0 else None,
            ['{"colour": "red"}', '{"colour": 7}', '{"colour": true}', '{"colour": null}', "{}"][n % 5],
        )
        await DB.execute(
            "UPDATE addresses SET country = $2 WHERE customer = $1", known.customer_id, COUNTRIES[n % 3]
        )
        for order in range(n % 5):
            await place(known.customer_id, now - timedelta(days=order * n * 3, hours=1), n, order)
        for segment, ends in (("GOLD", None), ("SILVER", now + timedelta(days=1)), ("EXPIRED", now)):
            if (n + len(segment)) % 3 == 0:
                await DB.execute(
                    "INSERT INTO segment_members (id, segment, customer, service, origin, expires_at, created_at)"
                    " VALUES ($1, $2, $3, 'loyalty', 'push', $4, now())",
                    new_key(),
                    segment,
                    known.customer_id,
                    ends,
                )


async def place(customer: uuid.UUID | None, when: datetime, n: int, order: int) -> None:
    total = 1000 * n + order
    await DB.execute(
        "INSERT INTO orders (id, number, application, customer, email, email_canonical, state, currency, net_total,"
        " gross_total, placed_at) VALUES ($1, $2, 'shop', $3, '', '', $4, $5, $6, $6, $7)",
        new_key(),
        f"{n}-{order}",
        customer,
        ["new", "shipped", "cancelled", "returned", "confirmed"][(n + order) % 5],
        "USD" if (n + order) % 6 == 0 else "EUR",
        total,
        when,
    )


async def test_the_database_and_the_judgement_of_one_customer_always_agree(database: str) -> None:
    await varied_customers()
    ids = [row["id"] for row in await DB.fetch("SELECT id FROM customers")]
    seen = {"some": 0, "none": 0, "all": 0}

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(value=st.lists(rules, min_size=5, max_size=5))
    def drawn(value: list[object]) -> None:
        several_rules.extend(rule(one) for one in value)

    several_rules: list[Rule] = []
    drawn()
    windows = {window for one in several_rules for window in windows_of(one)}
    async with DB.transaction():
        facts = [found for one in ids if (found := await facts_of(one, windows))]
        assert len(facts) == 40
        for one in several_rules:
            arguments = Arguments()
            holds = one.sql(arguments)
            found = {
                row["id"] for row in await DB.fetch(f"SELECT id FROM customers c WHERE {holds}", *arguments)
            }
            null = await DB.fetch_value(
                f"SELECT count(*) FROM customers c WHERE ({holds}) IS NULL", *arguments
            )
            assert not null, rule_text(one)
            assert found == {known.customer_id for known in facts if one.holds(known)}, rule_text(one)
            seen["none" if not found else "all" if len(found) == 40 else "some"] += 1
    # The random rules tell customers apart, or they would prove nothing.
    assert seen["some"] > 300, seen


async def test_order_totals_are_counted_up_to_the_second(database: str) -> None:
    known = await people.shopper()
    now = await DB.fetch_value("SELECT now()")
    within = rule({"is": "order_total", "days": 30, "at_least": 1})
    for ago, expected in ((timedelta(days=30), False), (timedelta(days=30) - timedelta(seconds=5), True)):
        await DB.execute("DELETE FROM orders")
        await place(known.customer_id, now - ago, 1, 0)
        facts = await facts_of(known.customer_id, windows_of(within))
        assert facts is not None
        assert within.holds(facts) is expected


async def test_an_unverified_email_opens_no_segment(database: str) -> None:
    of_bigco = rule({"is": "email_domain", "one_of": ["bigco.example"]})
    known = await people.shopper("somebody@bigco.example", email_verified_at=None)
    facts = await facts_of(known.customer_id)
    assert facts is not None
    assert not of_bigco.holds(facts)
    await DB.execute("UPDATE users SET email_verified_at = now()")
    facts = await facts_of(known.customer_id)
    assert facts is not None
    assert of_bigco.holds(facts)


async def test_a_rule_tells_which_of_its_parts_hold(database: str) -> None:
    known = await people.company()
    value = rule({"is": "all", "of": [SMB, {"is": "country", "one_of": ["FR"]}]})
    facts = await facts_of(known.customer_id)
    assert facts is not None
    found = judged(value, facts)
    assert (found.words, found.holds) == ("all of these hold", False)
    assert [(part.words, part.holds) for part in found.parts] == [
        ("customer type: Business customer", True),
        ("country: FR", False),
    ]


def test_a_rule_names_the_segments_that_it_asks_for() -> None:
    gold = {"is": "segment", "segment": "GOLD"}
    value = rule(
        {"is": "any", "of": [SMB, {"is": "all", "of": [gold, {**gold, "segment": "B", "is_in": False}]}]}
    )
    assert segments_named_in(value) == {"GOLD", "B"}
    assert isinstance(value, AnyOf)
    assert isinstance(value.of[1], AllOf)


def test_days_of_registration_are_whole_days_in_utc() -> None:
    value = rule({"is": "registered", "since": "2026-03-01", "before": "2026-03-02"})
    arguments = Arguments()
    value.sql(arguments)
    assert arguments == [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)]
    assert (
        value.words()
        == f"registered since {_told(date(2026, 3, 1))}, registered before {_told(date(2026, 3, 2))}"
    )


def _told(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
