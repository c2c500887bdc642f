"""The variables that tell the broker's processes where everything is and which secrets they share.

In: ports and secrets; the stack adds the addresses of the stores. Out: a mapping `BROKER_…` → text. Must never show a
secret in a repr.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Self

from app.embedded.ports import free_port


@dataclass(frozen=True)
class Ports:
    """Ports of the six processes."""

    webhook: int = 5000
    broker: int = 8000
    sender: int = 8001
    chat: int = 7000
    simulator: int = 9000
    media: int = 8002

    @classmethod
    def free(cls) -> Self:
        """Six ports that nobody uses."""
        return cls(*(free_port() for _ in range(6)))


@dataclass(frozen=True)
class Credentials:
    """Secrets that processes, simulator and administrator share; each empty one is generated."""

    phone_number_id: str = "106540352242922"
    access_token: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)
    chat_secret: str = field(default="", repr=False)
    app_secrets: tuple[str, ...] = field(default=(), repr=False)
    admin_tokens: tuple[str, ...] = field(default=(), repr=False)
    media_tokens: tuple[str, ...] = field(default=(), repr=False)

    def completed(self) -> Self:
        """The same with a random secret in the place of each empty one."""
        return type(self)(
            phone_number_id=self.phone_number_id,
            access_token=self.access_token or secrets.token_hex(24),
            verify_token=self.verify_token or secrets.token_hex(16),
            chat_secret=self.chat_secret or secrets.token_hex(32),
            app_secrets=self.app_secrets or (secrets.token_hex(16),),
            admin_tokens=self.admin_tokens or (secrets.token_hex(24),),
            media_tokens=self.media_tokens or (secrets.token_hex(24),),
        )


def reachable(host: str) -> str:
    """The address under which a server that listens on `host` is reached from this machine."""
    return "127.0.0.1" if host in ("", "0.0.0.0") else host


def process_environment(host: str, ports: Ports, credentials: Credentials, partitions: int) -> dict[str, str]:
    """The variables that do not depend on the stores."""
    near = reachable(host)
    return {
        "BROKER_HOST": host,
        "BROKER_ADVERTISED_HOST": near,
        "BROKER_WEBHOOK_PORT": str(ports.webhook),
        "BROKER_BROKER_PORT": str(ports.broker),
        "BROKER_SENDER_PORT": str(ports.sender),
        "BROKER_CHAT_PORT": str(ports.chat),
        "BROKER_MEDIA_PORT": str(ports.media),
        "BROKER_MEDIA_URL": f"http://{near}:{ports.media}",
        "BROKER_SIMULATOR_HOST": host,
        "BROKER_SIMULATOR_PORT": str(ports.simulator),
        "BROKER_SIMULATOR_WEBHOOK_URL": f"http://{near}:{ports.webhook}/webhook",
        "BROKER_GRAPH_URL": f"http://{near}:{ports.simulator}",
        "BROKER_PARTITIONS": str(partitions),
        "BROKER_PHONE_NUMBER_ID": credentials.phone_number_id,
        "BROKER_ACCESS_TOKEN": credentials.access_token,
        "BROKER_APP_SECRETS": json.dumps(credentials.app_secrets),
        "BROKER_VERIFY_TOKEN": credentials.verify_token,
        "BROKER_ADMIN_TOKENS": json.dumps(credentials.admin_tokens),
        "BROKER_MEDIA_TOKENS": json.dumps(credentials.media_tokens),
        "BROKER_CHAT_SECRET": credentials.chat_secret,
        # What a .env for the real WhatsApp may hold, and would be taken before what stands above.
        "BROKER_ACCESS_TOKEN_FILE": "",
        "BROKER_CHAT_AGENTS": "",
    }
