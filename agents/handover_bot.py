"""A bot that asks what it is about and hands the user to people, with the answer as a note.

In: what users write to `reception-in`, a tap or words of their own. Out: a question, then a transfer to `DESK`.
"""

from agents.kit import Bot, Message

DESK = "Help Desk"
SUBJECTS = {"order": "An order", "bill": "A bill", "other": "Something else"}

bot = Bot("reception")


@bot.on_event
async def ask(event: Message) -> None:
    """Ask a user who has just come."""
    if event.type == "initial":
        buttons = [{"id": name, "title": title} for name, title in SUBJECTS.items()]
        await event.send("buttons", text="What is it about?", buttons=buttons)


@bot.on_message
async def hand_over(message: Message) -> None:
    """Take the first answer, and hand the user over with it; what they wrote before they came is none."""
    if not message.kept:
        subject = SUBJECTS.get(message.text, message.text) if message.type == "button_reply" else message.text
        await message.transfer(DESK, note=f"It is about: {subject or message.type}"[:4096])


if __name__ == "__main__":
    bot.run()
