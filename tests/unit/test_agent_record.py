"""What agents write: the first generation's records pass unchanged, and a refusal says what to mend."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.agent_record import AgentRecord, BadRecord, read_agent_record
from app.core.messages import List, Template, Text

NUMBER = "1029384756"
WHO = {"waID": "5516990000000"}
TEXT = {**WHO, "message_type": "text", "text": "How can I help?"}
LIST = {
    **WHO,
    "message_type": "list",
    "list_title": "Choose",
    "list_body": "Our plans",
    "list_items": [{"id": "p1", "title": "Basic"}, {"id": "p2", "title": "Pro"}],
}
TEMPLATE = {**WHO, "message_type": "template", "template": {"name": "hello_world", "language": "en_US"}}


def good(data: Any, number: str = NUMBER) -> AgentRecord:
    """A record that is read."""
    found = read_agent_record(orjson.dumps(data), number)
    assert isinstance(found, AgentRecord), found
    return found


def bad(data: Any, number: str = NUMBER) -> BadRecord:
    """A record that is refused."""
    value = data if isinstance(data, bytes) else orjson.dumps(data)
    found = read_agent_record(value, number)
    assert isinstance(found, BadRecord), found
    return found


def test_the_first_generations_text() -> None:
    record = good(TEXT)
    assert record.message == Text(text="How can I help?")
    assert (record.wa_id, record.user_id, record.phone_number_id, record.ref) == (WHO["waID"], None, NUMBER, None)


def test_the_first_generations_list() -> None:
    message = good(LIST).message
    assert isinstance(message, List)
    assert (message.text, message.button, message.section) == ("Choose an option:", "Choose", "Our plans")
    assert [(row.id, row.title, row.description) for row in message.rows] == [("p1", "Basic", ""), ("p2", "Pro", "")]


def test_a_list_may_say_its_own_text() -> None:
    message = good({**LIST, "text": "What shall it be?"}).message
    assert isinstance(message, List)
    assert message.text == "What shall it be?"


def test_a_template_with_components() -> None:
    components = [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]
    message = good({**TEMPLATE, "template": {**TEMPLATE["template"], "components": components}}).message  # type: ignore[dict-item]
    assert isinstance(message, Template)
    assert message.model_dump(mode="json")["components"] == components


def test_added_fields() -> None:
    added = {"ref": "order-7", "phone_number_id": "999", "ttl_seconds": 90}
    record = good({**TEXT, **added, "user": "anything", "surprise": [1]})
    assert (record.ref, record.phone_number_id, record.ttl) == ("order-7", "999", 90)
    assert good(TEXT).ttl is None


def test_a_user_without_a_number() -> None:
    record = good({**TEXT, "waID": "DE.4412"})
    assert (record.wa_id, record.user_id, record.address) == (None, "DE.4412", "DE.4412")


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b"null", b'"text"', b"7"])
def test_no_json_object(value: bytes) -> None:
    refused = bad(value)
    assert refused.code == "not_json"
    assert "JSON" in refused.reason
    assert refused.address == ""


@pytest.mark.parametrize("address", [None, "", "  ", 5516990000000, ["5516990000000"]])
def test_no_waid(address: Any) -> None:
    assert bad({**TEXT, "waID": address}).code == "missing_waid"


def test_without_the_field_at_all() -> None:
    assert bad({"message_type": "text", "text": "hi"}).code == "missing_waid"


@pytest.mark.parametrize("kind", [None, "", "fax", "Text", 7, ["text"], {"text": 1}])
def test_an_unknown_message_type_is_named(kind: Any) -> None:
    refused = bad({**TEXT, "message_type": kind, "ref": "r"})
    assert refused.code == "unknown_message_type"
    assert repr(kind) in refused.reason
    assert "use text, image, video," in refused.reason
    assert (refused.address, refused.ref) == (WHO["waID"], "r")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({**TEXT, "text": ""}, "text is missing or blank"),
        ({**WHO, "message_type": "text"}, "text is missing or blank"),
        ({**TEXT, "text": None}, "text is missing or blank"),
        ({**TEXT, "text": "x" * 4097}, "(4097 characters)"),
        ({**LIST, "list_title": ""}, "list_title is missing or blank"),
        ({**LIST, "list_title": "x" * 21}, "list_title may have at most 20 characters, not 21"),
        ({**LIST, "list_body": "x" * 25}, "list_body may have at most 24 characters, not 25"),
        ({**LIST, "list_items": []}, "list_items: "),
        (
            {**LIST, "list_items": [{"id": str(n), "title": "x"} for n in range(11)]},
            "list_items may have at most 10 items",
        ),
        ({**LIST, "list_items": [{"id": "menu|1|agent|2", "title": "x"}]}, "begins like the broker's own"),
        ({**WHO, "message_type": "list", "list_title": "a", "list_body": "b"}, "list_items is missing or blank"),
        ({**LIST, "list_items": "abc"}, "list_items: "),
        ({**LIST, "list_items": [{"id": "", "title": "Basic"}]}, "list_items.0.id is missing or blank"),
        ({**LIST, "list_items": [{"id": "p1", "title": " "}]}, "list_items.0.title is missing or blank"),
        ({**LIST, "list_items": [{"id": "p1"}]}, "list_items.0.title is missing or blank"),
        ({**LIST, "list_items": [{"id": "p", "title": "x"}] * 2}, "the id 'p' stands in two rows"),
        ({**TEMPLATE, "template": None}, "template is missing or blank"),
        ({**TEMPLATE, "template": {}}, "template.name is missing or blank"),
        ({**TEMPLATE, "template": {"name": "Hello", "language": "en"}}, "template.name: "),
        ({**TEMPLATE, "template": "hello_world"}, "hello_world"),
        ({**TEXT, "waID": "Ana"}, "the waID 'Ana' is neither a phone number nor a user id"),
        ({**TEXT, "ref": "x" * 65}, "the field ref must be a text of at most 64 characters"),
        ({**TEXT, "ref": 7}, "the field ref must be a text of at most 64 characters, not 7"),
        ({**TEXT, "user": "x" * 301}, "the field user must be the text of a record you read, at most 300 characters"),
        ({**TEXT, "ttl_seconds": 0}, "the field ttl_seconds must be a number of seconds above 0, not 0"),
        ({**TEXT, "ttl_seconds": True}, "above 0, not True"),
        ({**TEXT, "ttl_seconds": "60"}, "above 0, not '60'"),
        ({**TEXT, "phone_number_id": 7}, "the field phone_number_id must be the text of a record you read, not 7"),
        ({**TEXT, "phone_number_id": ""}, "the field phone_number_id must be the text of a record you read, not ''"),
    ],
)
def test_a_refusal_names_the_agents_own_field(data: dict[str, Any], said: str) -> None:
    refused = bad(data)
    assert refused.code == "invalid"
    assert said in refused.reason
    assert refused.address


def test_without_a_default_number_the_setting_is_named() -> None:
    assert "BROKER_PHONE_NUMBER_ID sets no default" in bad(TEXT, number="").reason
    assert good({**TEXT, "phone_number_id": "999"}, number="").phone_number_id == "999"


def test_what_is_null_is_left_out() -> None:
    nothing = dict.fromkeys(("phone_number_id", "user", "ref", "ttl_seconds"))
    assert good({**TEXT, **nothing}) == good(TEXT)
    assert good(TEXT).anywhere


def test_a_refusal_shows_no_more_than_a_piece_of_what_was_sent() -> None:
    assert len(bad({**TEXT, "text": "x" * 100_000}).reason) < 300


fields = st.sampled_from(
    [*TEXT, "list_title", "list_body", "list_items", "template", "ref", "ttl_seconds", "phone_number_id"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.sampled_from(["", "text", "5511"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "title", "name"]), inner),
    max_leaves=4,
)


@given(st.sampled_from([TEXT, LIST, TEMPLATE]), st.dictionaries(fields, values, max_size=3))
def test_whatever_agents_write_is_read_or_refused(base: dict[str, Any], changes: dict[str, Any]) -> None:
    found = read_agent_record(orjson.dumps({**base, **changes}), NUMBER)
    assert isinstance(found, AgentRecord) or (found.reason and found.code)
