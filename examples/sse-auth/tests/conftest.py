"""Sets the variables that Lambda would, before the function is imported."""

import os

os.environ.update(
    DEMO_USER="demo",
    DEMO_PASSWORD="correct horse battery",
    SESSION_KEY="k" * 32,
    ALLOWED_ORIGINS="https://www.example.com,http://localhost:3000",
    COOKIE_SAME_SITE="Lax",
)
