"""Users for tests and seeds. Nobody here is real; example.com belongs to nobody (RFC 2606)."""

from functools import cache

import factory
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from accounts.models import User

CUSTOMER_PASSWORD = "password of a sample customer"  # noqa: S105 (customers own nothing)


@cache
def customer_password() -> str:
    """One hash for all: hashing is slow on purpose, and a fixed salt keeps rows the same."""
    return make_password(CUSTOMER_PASSWORD, salt="sample")


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A customer; with `staff=True` somebody who runs the shop and cannot log in yet."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        first_name = factory.Faker("first_name")
        last_name = factory.Faker("last_name")
        # Staff can do harm, so no password of theirs is written down anywhere:
        # `manage.py changepassword` gives them one.
        staff = factory.Trait(
            is_staff=True, is_superuser=True, password=UNUSABLE_PASSWORD_PREFIX + "not set yet"
        )

    email = factory.Sequence(lambda n: f"customer{n}@example.com")
    full_name = factory.LazyAttribute(lambda user: f"{user.first_name} {user.last_name}")
    display_name = factory.SelfAttribute("first_name")
    password = factory.LazyFunction(customer_password)
