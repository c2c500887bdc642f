"""The chat page of the demo agent: login, page, socket. `install_chat` puts it into a Faust app."""

from web.chat.codes import login_code
from web.chat.install import install_chat

__all__ = ["install_chat", "login_code"]
