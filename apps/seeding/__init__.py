"""Seed data for Django on PostgreSQL from factory_boy declarations; never in production.

`<app>/seeds.py` says what and how many (api.py), `settings.SEEDING` which of it and how much where
(conf.py), `manage.py seed` loads it in one transaction (run.py) unless something forbids it
(guard.py), and remembers what it has loaded (ledger.py).
"""
