"""Without a token nobody may use the admin API, and outside the demo the process does not start."""

import pytest
from pydantic import SecretStr

from app.settings import Settings, SettingsError
from web.admin import check_admin_settings


@pytest.mark.parametrize("tokens", [[], [""], ["  "]])
def test_production_needs_a_token(tokens: list[str]) -> None:
    with pytest.raises(SettingsError, match="BROKER_ADMIN_TOKENS is empty"):
        check_admin_settings(Settings(profile="production", admin_tokens=[SecretStr(token) for token in tokens]))


def test_a_token_is_enough_and_the_demo_brings_its_own() -> None:
    check_admin_settings(Settings(profile="production", admin_tokens=[SecretStr("long-enough")]))
    check_admin_settings(Settings(profile="demo", admin_tokens=[]))
