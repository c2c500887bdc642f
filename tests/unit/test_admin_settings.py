"""Without a token nobody may use the admin API, and outside the demo the process does not start."""

import pytest
from pydantic import SecretStr

from app.settings import Settings, SettingsError
from web.admin import check_admin_settings
from web.admin.tokens import UNNAMED, bare_token, holder_of, read_holders


@pytest.mark.parametrize("tokens", [[], [""], ["  "]])
def test_production_needs_a_token(tokens: list[str]) -> None:
    with pytest.raises(SettingsError, match="BROKER_ADMIN_TOKENS is empty"):
        check_admin_settings(Settings(profile="production", admin_tokens=[SecretStr(token) for token in tokens]))


def test_a_token_is_enough_and_the_demo_brings_its_own() -> None:
    check_admin_settings(Settings(profile="production", admin_tokens=[SecretStr("long-enough")]))
    check_admin_settings(Settings(profile="demo", admin_tokens=[]))


@pytest.mark.parametrize("entry", ["ana:", ":word", "a b:word", "a:b:word", "x" * 65 + ":word"])
def test_a_wrong_entry_is_named_by_its_place_and_not_quoted(entry: str) -> None:
    with pytest.raises(SettingsError, match="entry 2 of BROKER_ADMIN_TOKENS") as caught:
        check_admin_settings(Settings(profile="demo", admin_tokens=[SecretStr("good"), SecretStr(entry)]))
    assert "word" not in str(caught.value).replace("one:word", "")


def test_a_token_is_its_holders_with_or_without_a_name() -> None:
    holders = read_holders([SecretStr("plain"), SecretStr("ana: hers "), SecretStr("")])
    found = {token: holder_of(token, holders) for token in ("plain", "hers", "ana", "ana:hers", "")}
    assert {token: holder.name for token, holder in found.items() if holder} == {"plain": UNNAMED, "hers": "ana"}
    assert [bare_token(entry) for entry in ("plain", "ana: hers ")] == ["plain", "hers"]
    assert "hers" not in repr(holders)
