"""What is typed about requisitions."""

from datetime import date
from typing import Annotated, Any

from app.forms import Day, Form, Text


class ApproveForm(Form):
    """Approving. `review` is what was shown (app/requisitions/agreement.py); no amount of a form is ever charged.

    The comment is called otherwise than that of a rejection, since both are asked for on one page.
    """

    remark: Annotated[str, Text(max_length=1000, required=False, multiline=True)]
    review: Annotated[str, Text(max_length=200, required=False)]


class RejectForm(Form):
    """Rejecting: the buyer is told why (domain.md 10)."""

    comment: Annotated[str, Text(max_length=1000, multiline=True)]


class StandInForm(Form):
    """Who approves in somebody's place, from when to when."""

    email: Annotated[str, Text(max_length=320)]
    first_day: Annotated[Any, Day(required=True)]
    last_day: Annotated[Any, Day(required=True)]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.first_day, self.last_day
