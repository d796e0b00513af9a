"""What a condition of a rule is (domain.md 7).

Each condition says three things of itself, side by side so that they stay one: `sql` finds all customers that it
holds for, `holds` judges one customer by the facts, `words` tell it to staff.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta, Struct

from app.segments.facts import Facts

Days = Annotated[int, Meta(ge=1, le=36_500)]
# PostgreSQL has no character NUL.
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
SeveralNames = Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]


class Arguments(list[object]):
    """The arguments of a statement. What staff typed gets into SQL only through here.

    `among_all` says that the statement looks through all customers, and not through some of many.
    """

    def __init__(self, values: Iterable[object] = (), *, among_all: bool = False) -> None:
        super().__init__(values)
        self.among_all = among_all

    def add(self, value: object, sql_type: str) -> str:
        """Takes a value in and gives its placeholder."""
        self.append(value)
        return f"${len(self)}::{sql_type}"


class Condition(Struct, forbid_unknown_fields=True, omit_defaults=True, tag_field="is", kw_only=True):
    """Something that is true or not of each customer. SQL speaks of the customer `c`."""

    def sql(self, arguments: Arguments) -> str:
        """An expression that is true for the customers that the condition holds for, and never null."""
        raise NotImplementedError

    def holds(self, facts: Facts) -> bool:
        """Whether it holds for the customer."""
        raise NotImplementedError

    @property
    def changes_with_time(self) -> bool:
        """Whether it can become true or untrue of a customer with whom nothing happens."""
        return False

    def words(self) -> str:
        """The condition in the language of the current request."""
        raise NotImplementedError

    def problems(self) -> Iterator[str]:
        """What is wrong with it, in sentences, as far as its form does not say so already."""
        yield from ()


def days_ago(arguments: Arguments, days: int) -> str:
    """The moment so many days before now."""
    return f"(now() - make_interval(days => {arguments.add(days, 'int')}))"
