"""What the forms of the basket ask."""

from typing import Annotated

from app.basket.quantities import Quantity
from app.forms import Form, Text


class AddForm(Form):
    """A product and how many of it. A price that a browser sends is not even read."""

    sku: Annotated[str, Text(max_length=60)]
    quantity: Annotated[int, Quantity()]


class LineForm(Form):
    """How many it shall be; 0 takes the line out."""

    quantity: Annotated[int, Quantity(least=0)]


class PromotionCodeForm(Form):
    """A code; empty takes the entered one off."""

    code: Annotated[str, Text(max_length=40, required=False)]
