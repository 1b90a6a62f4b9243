"""Who uses the shop."""

from accounts.factories import UserFactory
from seeding.api import Ensure, Sample, ensure, sample


@ensure()
def staff(s: Ensure) -> None:
    """Somebody who runs it; `manage.py changepassword admin@example.com` lets them in."""
    s.row(UserFactory, "email", email="admin@example.com", full_name="Shop Admin", staff=True)


@sample()
def customers(s: Sample) -> None:
    """People who order."""
    s.bulk(UserFactory, 5_000)
