"""Configures Django once for all tests of a process, since it has one configuration only."""

import django
from django.conf import settings


def configure() -> None:
    """`FOLDER` is where a test has its files; it may set that again."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        FOLDER=None,
        LOGGING_CONFIG=None,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF="tests.lambda_streaming.shapes.django_urls",
        SECRET_KEY="not a secret",
    )
    django.setup(set_prefix=False)
