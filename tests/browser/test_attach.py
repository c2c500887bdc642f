"""Operators attach files in a real browser: chosen, dropped, pasted; refused with words, sent with words under them."""

import base64
import re
import struct
import zlib

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser.pages import operator, shot
from tests.system.system import System, until

pytestmark = [pytest.mark.browser, pytest.mark.kafka]
WAIT_SECONDS = 20.0
ARRIVED = re.compile("delivered|read")

GIVE = """([where, event, name, type, data]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name, { type }));
  const told = event === "paste" ? new ClipboardEvent(event, { clipboardData: files, bubbles: true, cancelable: true })
    : new DragEvent(event, { dataTransfer: files, bubbles: true, cancelable: true });
  document.querySelector(where).dispatchEvent(told);
}"""


def painted(width: int = 240, height: int = 160) -> bytes:
    """A picture in two colours."""
    rows = b"".join(
        b"\0" + b"".join(bytes((40 + x // 2, 120 + y // 2, 110)) for x in range(width)) for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def give(page: Page, event: str, name: str, mime_type: str, data: bytes, where: str = "#log") -> None:
    """Drag, drop or paste a file."""
    await page.evaluate(GIVE, [where, event, name, mime_type, base64.b64encode(data).decode()])


async def test_files_are_attached_in_three_ways_and_reach_the_phone(browser: Browser) -> None:
    async with System(chat=True) as system:
        await system.until_serving("Sales")
        ana = await system.phone("Ana")
        await ana.write("hi")
        await ana.receives_text("Choose")
        await ana.write("sales")
        await ana.receives_text("Transferring")
        chat = await operator(browser, system, "Sales")
        await chat.get_by_test_id("conversation").filter(has_text="Ana").first.click()
        chips, send = chat.get_by_test_id("chip"), chat.get_by_test_id("send")

        wrong: FilePayload = {"name": "setup.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
        large: FilePayload = {"name": "huge.png", "mimeType": "image/png", "buffer": b"x" * (5 * 1024 * 1024 + 1)}
        shop: FilePayload = {"name": "shop.png", "mimeType": "image/png", "buffer": painted()}
        await chat.get_by_test_id("attach-input").set_input_files([wrong, large, shop])
        await expect(chips.nth(0)).to_contain_text("'setup.exe' cannot be sent: Meta takes no file of type")
        await expect(chips.nth(1)).to_contain_text("larger than 5242880 bytes (5 MB), the most for image")
        await expect(chips.nth(2)).to_have_attribute("data-state", "ready")
        await expect(send).to_be_disabled()
        await shot(chat, "chat-attach-refused")
        for _ in range(2):
            await chips.first.get_by_test_id("attach-remove").click()
        await expect(chips).to_have_count(1)

        await chat.route("**/chat/media", lambda route: route.abort())
        await give(chat, "drop", "lost.pdf", "application/pdf", b"%PDF-1.4 lost")
        await expect(chips.nth(1)).to_contain_text("The upload broke off. Try again.")
        await chat.unroute("**/chat/media")
        await chips.nth(1).get_by_test_id("attach-again").click()
        await expect(chips.nth(1)).to_have_attribute("data-state", "ready")
        await chips.nth(1).get_by_test_id("attach-remove").click()
        await expect(chips).to_have_count(1)

        await give(chat, "dragover", "bill.pdf", "application/pdf", b"%PDF-1.4 bill")
        await expect(chat.locator("#drop")).to_be_visible()
        await shot(chat, "chat-attach-drop")
        await give(chat, "drop", "bill.pdf", "application/pdf", b"%PDF-1.4 bill")
        await expect(chat.locator("#drop")).to_be_hidden()
        await give(chat, "paste", "", "image/png", painted(60, 60), "#text")
        await expect(chips).to_have_count(3)
        for number in range(3):
            await expect(chips.nth(number)).to_have_attribute("data-state", "ready")
        await chat.get_by_test_id("composer").fill("our shop")
        await shot(chat, "chat-attach-ready")
        await chat.get_by_test_id("composer").press("Enter")
        await expect(chips).to_have_count(0)

        mine = chat.locator('[data-testid="message"][data-direction="out"]')
        await expect(mine).to_have_count(3)
        await expect(mine.nth(0)).to_contain_text("our shop")
        await expect(mine.nth(1)).to_contain_text("bill.pdf")

        async def shown() -> bool:
            widths = await mine.locator("img").evaluate_all("all => all.map((one) => one.complete && one.naturalWidth)")
            return list(widths) == [240, 60]

        await until(shown, WAIT_SECONDS, "both pictures in the thread")
        picture = (await ana.receives_text("our shop"))["raw"]
        document = (await ana.receives_text("bill.pdf"))["raw"]
        assert picture["type"] == "image" and document["document"]["filename"] == "bill.pdf"
        async with system.http.get(f"{system.simulator.url}/sim/media/{picture['image']['id']}") as answer:
            assert await answer.read() == painted()
        for number in range(3):
            await expect(mine.nth(number).get_by_test_id("tick")).to_have_attribute("data-tick", ARRIVED)
        await shot(chat, "chat-attached")
        assert not chat.problems  # type: ignore[attr-defined]
        await chat.close()
