"""`python -m app chat-codes`: the login code of each agent, for whoever may see the chat's secret."""

from app.register_copy import read_register
from app.settings import Settings
from app.topics import Topics
from web.chat.codes import chat_secret, login_code


async def print_codes(settings: Settings) -> int:
    """Print a line per active agent; returns 1 when there is none."""
    register = await read_register(settings, Topics(settings))
    secret = chat_secret(settings)
    for agent in register.active:
        print(f"{agent.name:24} {login_code(secret, agent)}")
    if not register.active:
        print("no agents are registered yet: create one with POST /api/v1/agent/create")
        return 1
    return 0
