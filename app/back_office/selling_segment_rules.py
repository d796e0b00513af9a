"""The rule of a segment as staff fill it in: all or any of up to eight conditions, each in a row of fields.

Rules with groups in groups do not fit into rows; they are shown and typed as JSON.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from app.amounts import Amount, amount_as_typed
from app.back_office.selling_fields import WholeNumber
from app.forms import Choice, FilledForm, Form, Group, Text
from app.languages import gettext as _
from app.languages import text
from app.segments.customer_conditions import (
    AttributeIs,
    CountryIs,
    CustomerTypeIs,
    EmailDomainIs,
    InSegment,
    Registered,
)
from app.segments.order_conditions import LastOrder, OrderCount, OrderTotal
from app.segments.rules import AllOf, AnyOf, Rule, RuleRefused, read_rule, rule_text

MOST_ROWS = 8
MATCHES = (("all", text("All of these hold")), ("any", text("At least one of these holds")))
# What each kind of condition is called, with what is typed in which field.
KINDS = (
    ("customer_type", text("Customer type is one of (words)")),
    ("country", text("Country is one of (words)")),
    ("email_domain", text("E-mail is at one of (words)")),
    ("segment", text("Is in the segment (words)")),
    ("not_segment", text("Is not in the segment (words)")),
    ("attribute", text("Has the attribute, or name=value (words)")),
    ("registered", text("Registered in the last … days (days)")),
    ("order_count", text("Number of orders (from, to)")),
    ("order_total", text("Total of the orders of the last … days in EUR (days, from, to)")),
    ("last_order", text("Last order in the last … days (days)")),
    ("no_order_for", text("Last order longer ago than … days (days)")),
)


class ConditionForm(Form):
    """One condition; which of the fields count depends on its kind."""

    kind: Annotated[str, Choice(options=KINDS)]
    words: Annotated[str, Text(required=False, max_length=1000)]
    days: Annotated[Any, WholeNumber(required=False, at_least=1, at_most=36_500)]
    at_least: Annotated[Any, Amount()]
    at_most: Annotated[Any, Amount()]


class RuleForm(Form):
    """The part of a form that asks for a rule; `rule_json` is only there for rules that rows cannot show."""

    match: Annotated[str, Choice(options=MATCHES, required=False)]
    c1: Annotated[ConditionForm | None, Group(prefix="c1_", optional=True)]
    c2: Annotated[ConditionForm | None, Group(prefix="c2_", optional=True)]
    c3: Annotated[ConditionForm | None, Group(prefix="c3_", optional=True)]
    c4: Annotated[ConditionForm | None, Group(prefix="c4_", optional=True)]
    c5: Annotated[ConditionForm | None, Group(prefix="c5_", optional=True)]
    c6: Annotated[ConditionForm | None, Group(prefix="c6_", optional=True)]
    c7: Annotated[ConditionForm | None, Group(prefix="c7_", optional=True)]
    c8: Annotated[ConditionForm | None, Group(prefix="c8_", optional=True)]
    rule_json: Annotated[str, Text(required=False, multiline=True, max_length=50_000)]


def rule_of(data: RuleForm) -> Rule | None:
    """The rule that was filled in; None where there are no conditions. Raises app.segments.rules.RuleRefused."""
    if data.rule_json:
        return read_rule(data.rule_json)
    rows = [getattr(data, f"c{number}") for number in range(1, MOST_ROWS + 1)]
    conditions = [_condition(row) for row in rows if row is not None]
    if not conditions:
        return None
    return read_rule(msgspec.json.encode({"is": data.match or "all", "of": conditions}))


def _condition(row: ConditionForm) -> dict[str, Any]:
    """What app.segments.rules reads; it refuses what is missing with a sentence."""
    several = [one.strip() for one in row.words.split(",") if one.strip()]
    attribute, has_value, value = row.words.partition("=")
    made: dict[str, Callable[[], dict[str, Any]]] = {
        "customer_type": lambda: {"one_of": [one.upper() for one in several]},
        "country": lambda: {"one_of": [one.upper() for one in several]},
        "email_domain": lambda: {"one_of": [one.lower().removeprefix("@") for one in several]},
        "segment": lambda: {"segment": row.words},
        "not_segment": lambda: {"is": "segment", "segment": row.words, "is_in": False},
        "attribute": lambda: {
            "name": attribute.strip(),
            **({"value": value.strip()} if has_value else {}),
        },
        "registered": lambda: {"within_days": row.days},
        # Whole orders are counted, while the field reads amounts.
        "order_count": lambda: {
            "at_least": _whole(row.at_least),
            "at_most": _whole(row.at_most),
        },
        "order_total": lambda: {"days": row.days, "at_least": row.at_least, "at_most": row.at_most},
        "last_order": lambda: {"within_days": row.days},
        "no_order_for": lambda: {"is": "last_order", "longer_ago_than_days": row.days},
    }
    told = {"is": row.kind, **made[row.kind]()}
    return {name: one for name, one in told.items() if one is not None}


def _whole(amount: int | None) -> int | None:
    if amount is not None and amount % 100:
        raise RuleRefused(_("Please enter whole numbers of orders."))
    return None if amount is None else amount // 100


def rule_as_typed(rule: Rule | None) -> dict[str, str]:
    """A rule as the fields show it; in `rule_json` where rows cannot."""
    if rule is None:
        return {"match": "all"}
    conditions = rule.of if isinstance(rule, AllOf | AnyOf) else (rule,)
    rows = [_as_typed(one) for one in conditions]
    if len(rows) > MOST_ROWS or any(one is None for one in rows):
        return {"match": "all", "rule_json": rule_text(rule)}
    typed = {"match": "any" if isinstance(rule, AnyOf) else "all"}
    for number, row in enumerate(rows, start=1):
        typed |= {f"c{number}_{name}": one for name, one in (row or {}).items() if one}
    return typed


def _as_typed(condition: Rule) -> dict[str, str] | None:
    """A condition as a row; None where it has more than a row can say."""
    match condition:
        case CustomerTypeIs() | CountryIs() | EmailDomainIs():
            kind = {CustomerTypeIs: "customer_type", CountryIs: "country"}.get(
                type(condition), "email_domain"
            )
            return {"kind": kind, "words": ", ".join(condition.one_of)}
        case InSegment():
            return {"kind": "segment" if condition.is_in else "not_segment", "words": condition.segment}
        case AttributeIs():
            value = "" if condition.value is None else f"={condition.value}"
            return {"kind": "attribute", "words": f"{condition.name}{value}"}
        case Registered(since=None, before=None):
            return {"kind": "registered", "days": str(condition.within_days)}
        case OrderCount():
            count = {"at_least": condition.at_least, "at_most": condition.at_most}
            return {"kind": "order_count"} | {k: "" if v is None else str(v) for k, v in count.items()}
        case OrderTotal(currency="EUR"):
            return {
                "kind": "order_total",
                "days": str(condition.days),
                "at_least": amount_as_typed(condition.at_least),
                "at_most": amount_as_typed(condition.at_most),
            }
        case LastOrder(longer_ago_than_days=None):
            return {"kind": "last_order", "days": str(condition.within_days)}
        case LastOrder(within_days=None):
            return {"kind": "no_order_for", "days": str(condition.longer_ago_than_days)}
    return None


def rows_to_show(form: FilledForm[Any]) -> range:
    """The numbers of the rows that a page shows: those that are filled in and three more, as far as there are."""
    filled = [number for number in range(1, MOST_ROWS + 1) if form.value(f"c{number}_kind")]
    return range(1, min(MOST_ROWS, max(filled, default=0) + 3) + 1)


def rule_choices(form: FilledForm[Any]) -> dict[str, Any]:
    """What back_office/selling/segment_rule_fields.html needs besides the form, in the language of the request."""
    return {
        "kinds": [("", "–"), *((kind, _(name)) for kind, name in KINDS)],
        "matches": [(value, _(name)) for value, name in MATCHES],
        "rows": rows_to_show(form),
    }
