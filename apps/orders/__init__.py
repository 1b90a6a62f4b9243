"""Sample shop: what was ordered, by whom and at which price."""
