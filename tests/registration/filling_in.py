"""What people type when they register."""

PERSON = {
    "first_name": "Ines",
    "last_name": "Müller",
    "email": "ines@example.com",
    "password": "a long walk by the sea",
    "terms": "on",
}
ADDRESS = {
    "address_street": "Lindenweg 7",
    "address_postal_code": "10115",
    "address_city": "Berlin",
    "address_country": "DE",
}
COMPANY = {"company_name": "Café Mond GmbH", "taxation_id": "DE136695976", "industry": "restaurants"}
