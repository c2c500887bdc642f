"""Login codes and cookies of the chat, both derived from one secret.

In: the chat's secret, agents, the time. Out: a code per agent, and signed cookies that name agents and an end. Codes
and signatures are compared in constant time. Must never put the secret, or a code, into a log or an address.
"""

import base64
import hashlib
import hmac
import logging
from dataclasses import dataclass

import orjson
from pydantic import SecretStr

from app.core.register import Agent
from app.settings import Settings, SettingsError

CODE_LENGTH = 12
DEMO_SECRET = SecretStr("demo-without-a-secret")

log = logging.getLogger("broker.chat")


@dataclass(frozen=True, slots=True)
class Login:
    """Which agents a browser may see, by id, and until when (seconds UTC); its own id names it when it is ended."""

    agents: frozenset[int]
    expires: float
    id: str = ""

    def valid(self, now: float) -> bool:
        """Whether it still opens anything."""
        return bool(self.agents) and now < self.expires


NOBODY = Login(frozenset(), 0.0)


def chat_secret(settings: Settings) -> SecretStr:
    """The secret everything here is derived from; raises SettingsError when a real installation has none."""
    if settings.chat_secret.get_secret_value():
        return settings.chat_secret
    if settings.profile != "demo":
        raise SettingsError(
            "BROKER_CHAT_SECRET is empty: anybody could read the chat. Set it to a long random text, for example the"
            " output of `openssl rand -hex 32`"
        )
    log.warning("BROKER_CHAT_SECRET is empty: login codes can be guessed by anybody. Only a demo may run like this")
    return DEMO_SECRET


def login_code(secret: SecretStr, agent: Agent) -> str:
    """The login code of an agent, as xxxx-xxxx-xxxx: 60 bits, the same as long as the secret is."""
    digest = _digest(secret, b"login-code", str(agent.id).encode())
    letters = base64.b32encode(digest).decode()[:CODE_LENGTH].lower()
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def code_matches(secret: SecretStr, agent: Agent, written: str) -> bool:
    """Whether a person wrote the agent's code; case, dashes and spaces do not matter."""
    plain = "".join(char for char in written.lower() if char not in "- \t")
    return hmac.compare_digest(plain.encode(), login_code(secret, agent).replace("-", "").encode())


def write_cookie(secret: SecretStr, login: Login) -> str:
    """A login as a signed cookie value."""
    data = orjson.dumps({"agents": sorted(login.agents), "expires": login.expires, "id": login.id})
    payload = base64.urlsafe_b64encode(data).rstrip(b"=")
    return f"{payload.decode()}.{_digest(secret, b'cookie', payload).hex()}"


def read_cookie(secret: SecretStr, value: str, now: float) -> Login:
    """The login of a cookie; NOBODY when it is forged, broken or expired."""
    payload, _, signature = value.encode("utf-8", "replace").partition(b".")
    if not hmac.compare_digest(signature, _digest(secret, b"cookie", payload).hex().encode()):
        return NOBODY
    try:
        data = orjson.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        agents = frozenset(int(agent) for agent in data["agents"])
        login = Login(agents, float(data["expires"]), str(data.get("id", "")))
    except (ValueError, KeyError, TypeError):
        return NOBODY
    return login if login.valid(now) else NOBODY


def _digest(secret: SecretStr, purpose: bytes, data: bytes) -> bytes:
    return hmac.new(secret.get_secret_value().encode(), purpose + b"\0" + data, hashlib.sha256).digest()
