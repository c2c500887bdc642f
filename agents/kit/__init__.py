"""The agent kit: what a bot in Python needs to be an agent, in two names.

In: a bot's name and its handlers. Out: a program that reads and writes the bot's three topics. It knows the contract
(docs/agents.md) and aiokafka, and nothing of the broker: it must stay usable in a program of its own.
"""

from agents.kit.bot import Bot
from agents.kit.message import Message

__all__ = ["Bot", "Message"]
