"""Meta's addresses of media are taken out wherever they may stand; what a user sent stays."""

import copy
import json
from typing import Any

import pytest

from app.whatsapp.envelope import split
from app.whatsapp.media_urls import strip_media_urls, without_media_urls
from tests.unit.whatsapp.shapes import NAMES, body, webhook

URL = "https://media.example.test/f?token=secret"


@pytest.mark.parametrize("name", ["image", "video", "audio", "voice", "document", "sticker"])
def test_the_address_of_a_file_is_taken_out_and_nothing_else(name: str) -> None:
    message = {"type": name, name: {"id": "M", "url": URL, "caption": URL}}
    strip_media_urls(message)
    assert message == {"type": name, name: {"id": "M", "caption": URL}}


@pytest.mark.parametrize(
    "holder",
    [
        {"hologram": {"id": "M", "mime_type": "model/gltf", "url": URL}},
        {"album": [{"sha256": "x", "url": URL}, {"sha256": "y", "url": URL}]},
        {"edit": {"message": {"type": "image", "image": {"id": "M", "url": URL}}}},
        {"a": [[[{"b": {"image": [{"url": URL}]}}]]]},
        {"referral": {"source_url": "https://example.test", "image_url": URL, "video_url": URL, "thumbnail_url": URL}},
    ],
)
def test_at_any_depth_and_under_any_name(holder: dict[str, Any]) -> None:
    strip_media_urls(holder)
    assert URL not in json.dumps(holder)


@pytest.mark.parametrize(
    "kept",
    [
        {"location": {"latitude": 1, "longitude": 2, "url": "https://market.example.test"}},
        {"contacts": [{"urls": [{"url": "https://bia.example.test", "type": "HOME"}]}]},
        {"referral": {"source_url": "https://example.test/ad", "headline": "Now"}},
        {"text": {"body": URL}},
        {"image": {"url": {"strange": 1}}},
        {"image": "https://example.test"},
        ["image", {"url": "x"}],
        None,
        7,
    ],
)
def test_what_a_user_sent_and_what_is_no_address_stays(kept: Any) -> None:
    before = copy.deepcopy(kept)
    strip_media_urls(kept)
    assert kept == before


def test_no_depth_is_too_deep() -> None:
    deep: Any = {"image": {"url": URL}}
    for _ in range(5000):
        deep = [deep]
    strip_media_urls(deep)
    while isinstance(deep, list):
        deep = deep[0]
    assert deep == {"image": {}}


@pytest.mark.parametrize("name", NAMES)
def test_no_item_of_any_webhook_holds_such_an_address(name: str) -> None:
    assert [item for item in split(body(name)) if b"media.example.test" in item.value] == []


def test_the_raw_form_is_faithful_but_for_the_address() -> None:
    (item,) = split(body("document_captioned"))
    came = webhook("document_captioned")
    del came["entry"][0]["changes"][0]["value"]["messages"][0]["document"]["url"]
    assert json.loads(item.value) == came


ADDRESSES = [
    "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&ext=2&hash=secret",
    r"https:\/\/lookaside.fbsbx.com\/whatsapp_business\/attachments\/?mid=1\u0026hash=secret",
    r"https:\\\/\\\/lookaside.fbsbx.com\\\/whatsapp_business?hash=secret",
    r"https:\u002F\u002fLOOKASIDE.fbsbx.com\u002Fwhatsapp_business?hash=secret",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_body_that_cannot_be_read_holds_no_address_either(address: str) -> None:
    whole = f'{{"object":"whatsapp_business_account","image":{{"id":"M","url":"{address}","caption":"beach"'
    (item,) = split(whole.encode())
    assert item.reason and item.value == whole.replace(address, "").encode()


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_may_be_cut_off_anywhere_after_its_host(address: str) -> None:
    for end in range(address.index(".com") + len(".com"), len(address)):
        (item,) = split(f'{{"image":{{"url":"{address[:end]}'.encode())
        assert item.value == b'{"image":{"url":"'


def test_a_body_that_is_no_webhook_holds_no_address() -> None:
    (item,) = split(json.dumps({"object": "page", "image": {"id": "M", "url": ADDRESSES[0]}}).encode())
    assert json.loads(item.value) == {"object": "page", "image": {"id": "M", "url": ""}}


@pytest.mark.parametrize("host", ["lookaside.fbsbx.com.example.test", "my-lookaside.fbsbx.com", "example.test"])
def test_other_addresses_in_such_a_body_stay(host: str) -> None:
    body = f'{{"url":"https://{host}/x'.encode()
    assert without_media_urls(body) == body
