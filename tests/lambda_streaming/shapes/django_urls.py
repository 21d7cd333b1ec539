"""The routes of all Django applications of these tests."""

from tests.lambda_streaming.shapes import django_shapes
from tests.lambda_streaming.wsgi_applications import django_routes

urlpatterns = [*django_shapes.routes, *django_routes]
