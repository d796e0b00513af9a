"""What is said of tax beside an amount (domain.md 8)."""

from app.languages import gettext as _


def tax_note(is_net: bool, includes_tax: object) -> str:
    """That tax is not in an amount, that it is, or "" of a gross amount where none is due; in the language of the
    current request. The one place where labels are decided; templates have it as a function."""
    if is_net:
        return _("excl. VAT")
    return _("incl. VAT") if includes_tax else ""
