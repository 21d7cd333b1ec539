"""Tests the settings of the publish function."""

import pytest
from publish_function.settings import Settings


def test_the_settings_name_the_table():
    assert Settings.from_environment({"DASHBOARD_TABLE": "items"}).table == "items"
    with pytest.raises(KeyError):
        Settings.from_environment({})
