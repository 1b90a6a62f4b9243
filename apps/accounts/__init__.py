"""Sample shop: the people who order and the people who run it."""
