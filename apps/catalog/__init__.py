"""Sample shop: what is sold, in a tree of categories."""
