"""Schema migrations that cannot hurt the people using a Django project on PostgreSQL.

`manage.py safe_migrate` walks the stages of `pipeline/`: it identifies the database, looks before
it leaps, takes a lock, shows a plan, makes a verified backup, applies what Django's own migrations
say without holding anybody up, checks the result and records the run.
"""
