"""The individual customers of the demo shop. All of them are invented, their phone numbers lead nowhere."""

from dataclasses import dataclass
from datetime import date

from app.customers.addresses import AddressDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody who shops for themselves. Without a street the person has given no address."""

    email: str
    title: str
    first_name: str
    last_name: str
    birthday: date
    language: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str = ""
    phone: str = ""

    @property
    def address(self) -> AddressDetails:
        """Where the person lives."""
        return AddressDetails(
            first_name=self.first_name,
            last_name=self.last_name,
            street=self.street,
            postal_code=self.postal_code,
            city=self.city,
            region=self.region,
            country=self.country,
            phone=self.phone,
        )


PEOPLE = (
    DemoPerson(
        email="ines@example.com",
        title="ms",
        first_name="Ines",
        last_name="Blum",
        birthday=date(1987, 5, 14),
        language="de",
        street="Lindenstraße 14",
        postal_code="50674",
        city="Köln",
        country="DE",
        phone="+49 221 4710123",
    ),
    DemoPerson(
        email="jonas.albrecht@example.com",
        title="mr",
        first_name="Jonas",
        last_name="Albrecht",
        birthday=date(1992, 11, 2),
        language="de",
        street="Kastanienallee 7",
        postal_code="10435",
        city="Berlin",
        country="DE",
        phone="+49 30 23125123",
    ),
    DemoPerson(
        email="leonie.hartwig@example.com",
        title="ms",
        first_name="Leonie",
        last_name="Hartwig",
        birthday=date(1979, 3, 23),
        language="de",
        street="Am Stadtgraben 3",
        postal_code="79098",
        city="Freiburg im Breisgau",
        country="DE",
    ),
    DemoPerson(
        email="theo.brandstaetter@example.com",
        title="mr",
        first_name="Theo",
        last_name="Brandstätter",
        birthday=date(1968, 8, 30),
        language="de",
        street="Zieglergasse 88/12",
        postal_code="1070",
        city="Wien",
        country="AT",
    ),
    DemoPerson(
        email="luca.meier@example.com",
        title="mr",
        first_name="Luca",
        last_name="Meier",
        birthday=date(1995, 1, 19),
        language="de",
        street="Seefeldstrasse 40",
        postal_code="8008",
        city="Zürich",
        country="CH",
    ),
    DemoPerson(
        email="emily.carter@example.com",
        title="ms",
        first_name="Emily",
        last_name="Carter",
        birthday=date(1984, 7, 7),
        language="en",
        street="22 Orchard Road",
        postal_code="BS1 5TR",
        city="Bristol",
        country="GB",
        phone="+44 117 496 0123",
    ),
    DemoPerson(
        email="oliver.hughes@example.com",
        title="mr",
        first_name="Oliver",
        last_name="Hughes",
        birthday=date(1973, 12, 11),
        language="en",
        street="5 Mill Lane",
        postal_code="EH6 6TJ",
        city="Edinburgh",
        country="GB",
    ),
    DemoPerson(
        email="camille.durand@example.com",
        title="mx",
        first_name="Camille",
        last_name="Durand",
        birthday=date(1990, 9, 4),
        language="en",
        street="18 rue des Lilas",
        postal_code="69003",
        city="Lyon",
        country="FR",
    ),
    DemoPerson(
        email="sanne.de.vries@example.com",
        title="ms",
        first_name="Sanne",
        last_name="de Vries",
        birthday=date(1982, 4, 28),
        language="en",
        street="Leliegracht 31",
        postal_code="1016 GR",
        city="Amsterdam",
        country="NL",
    ),
    DemoPerson(
        email="giulia.ferri@example.com",
        title="ms",
        first_name="Giulia",
        last_name="Ferri",
        birthday=date(1999, 6, 16),
        language="en",
        street="Via dei Mille 9",
        postal_code="10123",
        city="Torino",
        region="TO",
        country="IT",
    ),
    DemoPerson(
        email="noah.bennett@example.com",
        title="mr",
        first_name="Noah",
        last_name="Bennett",
        birthday=date(1986, 2, 3),
        language="en",
        street="410 Maple Avenue",
        postal_code="97205",
        city="Portland",
        region="OR",
        country="US",
        phone="+1 503 555 0142",
    ),
    DemoPerson(
        email="aoife.kelly@example.com",
        title="ms",
        first_name="Aoife",
        last_name="Kelly",
        birthday=date(1977, 10, 21),
        language="en",
        street="9 Harbour Row",
        postal_code="P24 XY12",
        city="Cobh",
        region="Co. Cork",
        country="IE",
    ),
)
