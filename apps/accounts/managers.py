"""Creating users who log in by e-mail, as createsuperuser and the tests do."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail instead of user name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with this e-mail; without a password it cannot log in until one is set."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user who may do everything in the admin."""
        rights = {"is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **rights | fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Log in whatever the case: two addresses differing only in case are one person's."""
        return self.get(email__iexact=username)
