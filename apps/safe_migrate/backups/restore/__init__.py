"""Going back to a backup: what is allowed (plan.py), into a new database, in place, as SQL."""
