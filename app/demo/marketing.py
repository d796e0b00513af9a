"""What the demo shop shows to whom: a catalog view, a promotion with a code, and banners for segments."""

from decimal import Decimal

from app.catalog.edit_view import ViewDetails, ViewRule, create_view
from app.demo.products import category_ids
from app.demo.segments import GOLD
from app.marketing.edit_content import ContentDraft, create_content
from app.marketing.edit_promotions import PromotionDraft, create_promotion
from app.marketing.promotions import canonical_code
from app.segments.implicit import EVERYONE, NEW_USERS, RECURRING_USERS, UNREGISTERED_USERS
from app.segments.targets import aim
from tables.catalog import ViewRuleAction
from tables.engine import DB
from tables.marketing import PromotionTarget
from tables.segments import TargetKind

INDIVIDUALS = "IG_IndividualCustomers"
COMPANIES = "IG_SMBCustomers"
CONSUMER_VIEW = "CONSUMERS"
# Fresh meat needs a chilled lorry, which drives to companies only: nobody else sees what they cannot get.
HIDDEN_FROM_CONSUMERS = "meat-poultry"
WELCOME = "WELCOME10"

# Slot, name, segments, priority, English and German Markdown. Of all that fit, the highest priority is shown.
CONTENT: tuple[tuple[str, str, tuple[str, ...], int, str, str], ...] = (
    (
        "home/banner",
        "Banner for everyone",
        (EVERYONE.id,),
        0,
        "# Good food has a home\n\n"
        "Cheese from small dairies, fish from cold seas, chocolate from the Alps. "
        f"**New here?** Ten percent off your first order with the code **{WELCOME}**.",
        "# Gutes Essen hat ein Zuhause\n\n"
        "Käse aus kleinen Molkereien, Fisch aus kalten Meeren, Schokolade aus den Alpen. "
        f"**Neu hier?** Zehn Prozent auf Ihre erste Bestellung mit dem Code **{WELCOME}**.",
    ),
    (
        "home/banner",
        "Banner for new customers",
        (NEW_USERS.id,),
        10,
        "# Welcome to the table\n\n"
        f"Your first order is ten percent off with the code **{WELCOME}**. "
        "Not sure where to begin? Try the [cheeses](/categories/dairy-products).",
        "# Willkommen am Tisch\n\n"
        f"Ihre erste Bestellung ist mit dem Code **{WELCOME}** zehn Prozent günstiger. "
        "Sie wissen nicht, womit Sie anfangen? Probieren Sie den [Käse](/categories/dairy-products).",
    ),
    (
        "home/banner",
        "Banner for recurring customers",
        (RECURRING_USERS.id,),
        20,
        "# Good to see you again\n\n"
        "What you have ordered before is in [your orders](/account/orders), to be ordered again in one go.",
        "# Schön, dass Sie wieder da sind\n\n"
        "Was Sie schon bestellt haben, steht bei [Ihren Bestellungen](/account/orders) und lässt sich von dort "
        "noch einmal bestellen.",
    ),
    (
        "home/banner",
        "Banner for companies",
        (COMPANIES,),
        30,
        "# By the case, for your kitchen\n\n"
        "Net prices, payment by invoice, and less for each piece from ten pieces on. "
        "[Meat and poultry](/categories/meat-poultry) come chilled, to companies only.",
        "# Kistenweise für Ihre Küche\n\n"
        "Nettopreise, Zahlung auf Rechnung, und ab zehn Stück wird jedes günstiger. "
        "[Fleisch und Geflügel](/categories/meat-poultry) liefern wir gekühlt, nur an Unternehmen.",
    ),
    (
        "home/banner",
        "Banner for Gold",
        (GOLD,),
        40,
        "# Gold, and thank you for it\n\n"
        "Ten percent off everything, twelve from ten pieces on, fifteen from fifty. No code, no minimum.",
        "# Gold – und vielen Dank dafür\n\n"
        "Zehn Prozent auf alles, zwölf ab zehn Stück, fünfzehn ab fünfzig. Ohne Code, ohne Mindestbestellwert.",
    ),
    (
        "category/banner",
        "Larger quantities",
        (COMPANIES,),
        0,
        "From ten pieces on each one costs less: the product page has all steps.",
        "Ab zehn Stück wird jedes günstiger: Alle Staffeln stehen auf der Seite des Produkts.",
    ),
    (
        "account/welcome",
        "Code for new customers",
        (NEW_USERS.id,),
        0,
        f"Your code for ten percent off the first order: **{WELCOME}**.",
        f"Ihr Code für zehn Prozent auf die erste Bestellung: **{WELCOME}**.",
    ),
    (
        "account/welcome",
        "Gold in the account",
        (GOLD,),
        10,
        "You are a **Gold** customer: ten percent and more off all prices.",
        "Sie sind **Gold**-Kunde: zehn Prozent und mehr auf alle Preise.",
    ),
    (
        "basket/note",
        "Free delivery",
        (EVERYONE.id,),
        0,
        "Standard delivery is free from 100 EUR on.",
        "Der Standardversand ist ab 100 EUR kostenfrei.",
    ),
)


async def add_catalog_view() -> int:
    """Adds the view of consumers, in the current transaction, unless there is one of that id; how many were added.

    Strangers see what consumers see, in the business shop too: it shows the rest once it knows who is there.
    """
    if await DB.fetch_value("SELECT EXISTS (SELECT FROM catalog_views WHERE id = $1)", CONSUMER_VIEW):
        return 0
    hidden = (await category_ids())[HIDDEN_FROM_CONSUMERS]
    await create_view(
        CONSUMER_VIEW,
        ViewDetails(
            name="What consumers see",
            description="Everything but fresh meat, which is delivered chilled to companies only.",
            rules=(ViewRule(ViewRuleAction.INCLUDE), ViewRule(ViewRuleAction.EXCLUDE, category=hidden)),
        ),
    )
    await aim(TargetKind.CATALOG_VIEW, CONSUMER_VIEW, segments=(INDIVIDUALS, UNREGISTERED_USERS.id))
    return 1


async def add_promotion() -> int:
    """Adds the promotion for new customers and guests, unless its id or code is taken; how many were added."""
    taken = await DB.fetch_value(
        "SELECT EXISTS (SELECT FROM promotions WHERE id = $1 OR code_canonical = $2)",
        WELCOME,
        canonical_code(WELCOME),
    )
    if taken:
        return 0
    await create_promotion(
        WELCOME,
        PromotionDraft(
            names={"en": "Welcome: 10 % off", "de": "Willkommen: 10 % Rabatt"},
            applies_to=PromotionTarget.ORDER,
            percent_off=Decimal(10),
            code=WELCOME,
            limit_total=1000,
            limit_per_customer=1,
            segments=frozenset({NEW_USERS.id, UNREGISTERED_USERS.id}),
        ),
    )
    return 1


async def add_content() -> int:
    """Adds the content items that are missing, by slot and name; how many those were."""
    known = {(row["slot"], row["name"]) for row in await DB.fetch("SELECT slot, name FROM content_items")}
    missing = [one for one in CONTENT if one[:2] not in known]
    for slot, name, segments, priority, english, german in missing:
        await create_content(
            ContentDraft(
                slot=slot,
                name=name,
                texts={"en": english, "de": german},
                priority=priority,
                segments=frozenset(segments),
            )
        )
    return len(missing)
