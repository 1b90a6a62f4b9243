"""A foreign project with everything a seed can stumble over; each test writes its own seeds."""

import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

from tests import projects
from tests.projects import Foreign

MODELS = """
import uuid

from django.db import models
from django.utils import timezone


class Author(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, unique=True)


class Book(models.Model):
    title = models.CharField(max_length=20)
    isbn = models.CharField(max_length=20, unique=True)
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="books")
    price = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    added = models.DateTimeField(auto_now_add=True)
    seen = models.DateField(auto_now=True)
    noted = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_not_negative")
        ]


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE)
    author = models.ForeignKey(Author, models.CASCADE)
    text = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "author"], name="one_review_each")
        ]


class Tag(models.Model):
    name = models.CharField(max_length=20)
    books = models.ManyToManyField(Book)


class Visit(models.Model):
    book = models.ForeignKey(Book, models.CASCADE)
"""
FACTORIES = """
import factory
import factory.fuzzy

from shelf import models


class AuthorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Author

    name = factory.Sequence(lambda n: f"author {n}")


class BookFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Book

    title = factory.Faker("word")
    isbn = factory.Sequence(lambda n: f"isbn {n}")
    price = factory.fuzzy.FuzzyDecimal(1, 50)
    author = None


class ReviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Review

    book = factory.SubFactory(BookFactory)
    author = factory.SubFactory(AuthorFactory)
    text = factory.Faker("sentence")
"""
SEEDS = """
import factory

from seeding.api import ensure, sample
from shelf import models
from shelf.factories import AuthorFactory, BookFactory, ReviewFactory


{body}
"""
SETTINGS = """
import json
INSTALLED_APPS += ["seeding"]
SEEDING = json.loads(os.environ.get("SEEDING", '{"PROFILES": {"test": {}}}'))
SAFE_MIGRATE["POLICY"].update(json.loads(os.environ.get("POLICY", "{}")))
DATABASES["other"] = {**DATABASES["default"], "NAME": os.environ.get("OTHER", "")}
"""


class Bookshop(Foreign):
    """The project; its environment is `test` unless a variable says otherwise."""

    def seeds(self, body: str) -> None:
        """Write shelf/seeds.py with these seeds."""
        self.write("shelf/seeds.py", SEEDS.format(body=textwrap.dedent(body)))

    def factories(self, more: str) -> None:
        """Write shelf/factories.py with more factories than the usual."""
        self.write("shelf/factories.py", FACTORIES + "\n\n" + textwrap.dedent(more))

    def seeding(self, **settings: Any) -> str:
        """A value for the variable SEEDING."""
        return json.dumps({"PROFILES": {"test": {}}, **settings})


def write(folder: Path, url: str, backups: Path) -> Bookshop:
    """The project without migrations of its models; `makemigrations` writes them."""
    plain = projects.foreign(folder, url, backups)
    project = Bookshop(folder, {**plain.variables, "ENVIRONMENT": "test"})
    settings = (folder / "settings.py").read_text()
    project.write("settings.py", settings + SETTINGS)
    (folder / "shelf/migrations/0001_initial.py").unlink()
    project.write("shelf/models.py", MODELS)
    project.write("shelf/factories.py", FACTORIES)
    project.seeds("")
    return project


def copy(original: Bookshop, folder: Path, url: str) -> Bookshop:
    """The same project in another folder, on another database."""
    shutil.copytree(original.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Bookshop(folder, {**original.variables, "URL": url})
