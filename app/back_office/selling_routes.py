"""All routes of the back office about what is sold: segments, catalog, prices, promotions, content."""

from typing import Any

from app.back_office import (
    selling_categories,
    selling_content,
    selling_orders,
    selling_pictures,
    selling_price_entries,
    selling_prices,
    selling_products,
    selling_promotions,
    selling_segment_members,
    selling_segment_offers,
    selling_segment_rule_routes,
    selling_segmentation_services,
    selling_segments,
    selling_shipping,
    selling_taxes,
    selling_views,
)

routes: list[Any] = [
    *selling_orders.routes,
    *selling_segments.routes,
    *selling_segment_rule_routes.routes,
    *selling_segment_members.routes,
    *selling_segment_offers.routes,
    *selling_pictures.routes,
    *selling_products.routes,
    *selling_categories.routes,
    *selling_views.routes,
    *selling_prices.routes,
    *selling_price_entries.routes,
    *selling_promotions.routes,
    *selling_content.routes,
    *selling_shipping.routes,
    *selling_taxes.routes,
    *selling_segmentation_services.routes,
]
