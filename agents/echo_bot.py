"""A bot that repeats what users write to it."""

from agents.kit import Bot, Message

bot = Bot("echo")


@bot.on_message
async def answer(message: Message) -> None:
    """Say it back."""
    await message.reply(f"You said: {message.text}")


if __name__ == "__main__":
    bot.run()
