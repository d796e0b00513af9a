"""Reads the Northwind sample data (data/northwind/README.md): its files, and the companies in them."""

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "northwind"

# ISO 3166 codes of the countries as the sample data calls them.
COUNTRIES = {
    "Argentina": "AR",
    "Austria": "AT",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Denmark": "DK",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Mexico": "MX",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
    "Venezuela": "VE",
}
GERMAN_SPEAKING = ("DE", "AT", "CH")
# Words that begin a last name.
PARTICLES = ("de",)
# Letters that lose no accent when they are taken apart.
FOLDED = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss", "ł": "l", "Ł": "L"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NorthwindCompany:
    """A company with its contact person; `number` is its id in the sample data, `country` an ISO code."""

    number: str
    company_name: str
    first_name: str
    last_name: str
    position: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str
    fax: str

    @property
    def email(self) -> str:
        """`maria.anders@alfki.example`: the first and the last word of the contact's name, in ASCII."""
        names = ascii_folded(f"{self.first_name} {self.last_name}").lower().split()
        return f"{names[0]}.{names[-1]}@{self.number.lower()}.example"

    @property
    def language(self) -> str:
        """The language of Patron that the contact understands best."""
        return "de" if self.country in GERMAN_SPEAKING else "en"


def companies() -> list[NorthwindCompany]:
    """All companies, in the order of their numbers. Raises ValueError for a file that is not as expected."""
    return [_company(line) for line in lines_of("customers.csv", address=4)]


def lines_of(name: str, *, address: int = 0) -> list[list[str]]:
    """The lines of a file below its headings, with "" for NULL and single blanks.

    `address` is the place of the one field that may hold commas, which the files do not quote: what a line has
    more than there are headings belongs to it. Raises ValueError for a line that has fewer.
    """
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        headings, *lines = csv.reader(file)
    whole = []
    for line in lines:
        more = len(line) - len(headings)
        if more < 0 or (more and not address):
            raise ValueError(f"{name}: {line} has not as many fields as there are headings.")
        fields = [*line[:address], ",".join(line[address : address + more + 1]), *line[address + more + 1 :]]
        whole.append(["" if field == "NULL" else " ".join(field.split()) for field in fields])
    return whole


def ascii_folded(name: str) -> str:
    """The name in ASCII letters: é as e, ü as u, ø as o."""
    apart = unicodedata.normalize("NFKD", name.translate(FOLDED))
    return apart.encode("ascii", "ignore").decode("ascii")


def _company(fields: list[str]) -> NorthwindCompany:
    number, company_name, contact, position, street, city, region, postal_code, country, phone, fax = fields
    first_name, last_name = _names(contact)
    return NorthwindCompany(
        number=number,
        company_name=company_name,
        first_name=first_name,
        last_name=last_name,
        position=position,
        street=street,
        city=city,
        region=region,
        postal_code=postal_code,
        country=COUNTRIES[country],
        phone=phone,
        fax=fax,
    )


def _names(contact: str) -> tuple[str, str]:
    """First and last names: "José Pedro Freyre" has two first names, "Isabel de Castro" a particle."""
    words = contact.split()
    begin = len(words) - 1
    while begin > 1 and words[begin - 1] in PARTICLES:
        begin -= 1
    return " ".join(words[:begin]), " ".join(words[begin:])
