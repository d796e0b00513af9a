"""Custom attributes that a shop declares: what they are called, for whom, and what may be typed (domain.md 2).

Customers and users carry any number of name/value pairs. Those that the file of the applications declares are
shown to people; those that it calls editable are theirs to change.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

Labels = dict[str, Annotated[str, msgspec.Meta(min_length=1, max_length=100)]]


class DeclaredChoice(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One value of an attribute that is a choice."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    labels: Labels


class DeclaredAttribute(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, eq=False):
    """One attribute: `on` says whether it belongs to the person or to the customer whom they act for."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=60)]
    on: Literal["user", "customer"]
    labels: Labels
    kind: Literal["text", "choice"] = "text"
    choices: tuple[DeclaredChoice, ...] = ()
    max_length: Annotated[int, msgspec.Meta(ge=1, le=2000)] = 200
    editable: bool = False

    def label(self, language: str) -> str:
        """What it is called in a language of the application."""
        return self.labels[language]

    def options(self, language: str) -> list[tuple[str, str]]:
        """(value, label) of what can be chosen."""
        return [(one.value, one.labels[language]) for one in self.choices]

    def shown(self, value: str, language: str) -> str:
        """A stored value in words; a choice that is no longer offered as it is stored."""
        return dict(self.options(language)).get(value, value)


def problem_with(attributes: Iterable[DeclaredAttribute], languages: Iterable[str]) -> str:
    """What is wrong with declarations, as the end of a sentence; "" where nothing is."""
    seen = set()
    for one in attributes:
        if (one.on, one.name) in seen:
            return f"declares the attribute {one.name} of a {one.on} twice"
        seen.add((one.on, one.name))
        if (one.kind == "choice") != bool(one.choices):
            return f"declares the attribute {one.name}: a choice needs choices, and nothing else has them"
        if len({choice.value for choice in one.choices}) < len(one.choices):
            return f"declares the attribute {one.name} with the same choice twice"
        for language in languages:
            if any(language not in labels for labels in (one.labels, *(each.labels for each in one.choices))):
                return f"declares the attribute {one.name}, but not all of its labels in {language}"
    return ""
