"""A restore point as a backup: marked, proven to be archived, with the recipe to get back to it."""
