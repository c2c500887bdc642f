"""Meta's JSON for everything an agent can send (whatsapp-cloud-api, chapter 5)."""

from typing import Any

import orjson
import pytest

from app.core.agent_record import AgentRecord, read_agent_record
from app.core.effects import Send
from app.core.identity import User
from app.core.messages import files_in, read_message, with_meta_ids
from app.whatsapp.mark import read_mark
from app.whatsapp.outbound import payload
from tests.unit.histories import ANA, NOW
from tests.unit.kinds import EVERY_KIND, LINK, MARKS, WAMID, Fields, template
from tests.unit.limits import AT_THE_LIMIT, header

NOBODY = User(key="1029384756:?", phone_number_id="1029384756")


def message(fields: Fields) -> dict[str, Any]:
    """The broker's own form of an agent's record."""
    found = read_agent_record(orjson.dumps({"waID": "5511999990000", **fields}), "1029384756")
    assert isinstance(found, AgentRecord), found
    return found.message.model_dump(mode="json")


def send(fields: Fields, user: User = ANA) -> dict[str, Any]:
    """The Graph request for an agent's record."""
    return sent(message(fields), user)


def sent(content: dict[str, Any], user: User = ANA) -> dict[str, Any]:
    """The Graph request for a message."""
    return payload(Send(id="e1", user=user, message=content, made_at=NOW, window_ends=NOW, agent=2, ref="order-7"))


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_kind_is_written_as_meta_reads_it(name: str) -> None:
    fields, expected = EVERY_KIND[name]
    body = send(fields)
    mark = read_mark(body.pop("biz_opaque_callback_data"))
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5511999990000",
        **expected,
    }
    assert mark is not None
    assert (mark.effect, mark.ref) == ("e1", "order-7")


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_needs_no_recipient_and_comes_back_in_no_status(name: str) -> None:
    fields, expected = MARKS[name]
    assert send(fields) == send(fields, NOBODY) == expected


@pytest.mark.parametrize("name", [name for name in EVERY_KIND if not name.startswith("reaction")])
def test_a_reply_quotes_the_message_it_answers(name: str) -> None:
    fields, expected = EVERY_KIND[name]
    body = send({**fields, "reply_to": WAMID})
    assert body["context"] == {"message_id": WAMID}
    assert body[expected["type"]] == expected[expected["type"]]


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_whatever_is_read_can_be_written(name: str) -> None:
    assert send(AT_THE_LIMIT[name])["messaging_product"] == "whatsapp"


OURS = {"media": "m-1"}
WITH_OUR_MEDIA: dict[str, Fields] = {
    **{kind: {"message_type": kind, kind: OURS} for kind in ("image", "video", "audio", "document", "sticker")},
    **{f"header {kind}": header(kind, OURS) for kind in ("image", "video", "document")},
    "template": template({"type": "header", "parameters": [{"type": "image", "image": OURS}]}),
}


@pytest.mark.parametrize("name", WITH_OUR_MEDIA)
def test_our_own_media_leave_only_with_an_id_of_metas(name: str) -> None:
    content = message(WITH_OUR_MEDIA[name])
    with pytest.raises(ValueError, match=r"the media 'm-1' has no id of Meta's yet: it must be uploaded"):
        sent(content)
    read = read_message(content)
    assert [file.media for file in files_in(read)] == ["m-1"]
    uploaded = with_meta_ids(read, {"m-1": "998", "m-2": "999"}).model_dump(mode="json")
    assert '"id": "998"' in orjson.dumps(sent(uploaded)).decode().replace('":"', '": "')
    assert "media" not in orjson.dumps(uploaded).decode().replace("media_", "")


def test_other_files_stay_where_they_are() -> None:
    linked = read_message(message({"message_type": "image", "image": {"link": LINK, "caption": "x"}}))
    assert with_meta_ids(linked, {"m-1": "998"}) == linked
    unknown = read_message(message(WITH_OUR_MEDIA["image"]))
    assert with_meta_ids(unknown, {"m-2": "999"}) == unknown


def test_a_text_that_was_not_split_is_not_sent() -> None:
    content = message({"message_type": "text", "text": "word " * 1000, "split": True})
    with pytest.raises(ValueError, match="5000 characters and was not split into parts of 4096"):
        sent(content)
