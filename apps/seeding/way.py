"""How a bulk's rows are written: together, unless that would leave out something `create` does."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model
from django.db.models.query import QuerySet
from django.db.models.signals import ModelSignal, post_save, pre_save
from factory.django import DjangoModelFactory

from seeding import anatomy
from seeding.declare import AnyFactory, Bulk, New

# AbstractBaseUser.save only tells the validators about a password set by set_password.
_HARMLESS_SAVES = (Model.save, AbstractBaseUser.save)
_HOOKS = ("_create", "_generate", "_get_or_create", "_after_postgeneration", "_get_manager")


def row_by_row(bulk: Bulk) -> str:
    """Why the rows are created one by one, each with everything that `Factory.create` does.

    Empty where they are built and written together: nothing would be left out.
    """
    for name, value in bulk.overrides.items():
        if isinstance(value, New):
            return f"each has its own new {name}"
    return _because_of_factory(bulk.factory) or _because_of_model(anatomy.model_of(bulk.factory))


def _because_of_factory(factory: AnyFactory) -> str:
    if after := anatomy.after_creation(factory):
        return f"{factory.__name__}.{after[0]} runs after creation"
    if factory._meta.django_get_or_create:
        return f"{factory.__name__} has django_get_or_create"
    for hook in _HOOKS:
        if getattr(factory, hook).__func__ is not getattr(DjangoModelFactory, hook).__func__:
            return f"{factory.__name__} overrides {hook}"
    return ""


def _because_of_model(model: type[Model]) -> str:
    label = model._meta.label
    if model._meta.concrete_model is not None and model._meta.concrete_model._meta.parents:
        return f"{label} has a parent table"
    if model._meta.order_with_respect_to:
        return f"{label} has order_with_respect_to"
    if model.save not in _HARMLESS_SAVES or model.save_base is not Model.save_base:
        return f"{label} overrides save"
    manager: Any = getattr(model, "objects", model._default_manager)
    create = getattr(type(manager), "create", None)
    if getattr(create, "__wrapped__", create) is not QuerySet.create:
        return f"the manager of {label} overrides create"
    for name, signal in (("pre_save", pre_save), ("post_save", post_save)):
        if signal.has_listeners(model):
            return f"{label} has a receiver of {name}{_receiver(signal, model)}"
    return ""


def _receiver(signal: ModelSignal, model: type[Model]) -> str:
    found: Any = signal._live_receivers(model)
    # Django 5 has (synchronous, asynchronous) here.
    first = next((receiver for group in found for receiver in _flat(group)), None)
    name = getattr(first, "__qualname__", "")
    return f" ({first.__module__}.{name})" if name else ""


def _flat(group: Any) -> list[Any]:
    return list(group) if isinstance(group, list | tuple) else [group]
