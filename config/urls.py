"""The sample shop has no pages of its own: the admin shows its data."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
