"""The single rules of payload validation: present, of this type, not blank, not longer than.

A parent object, a member's name and the path so far come in; the member goes out, or a GraphError whose
details name the full path, what was found and what is allowed. Lengths are counted in characters.
"""

from typing import Any

from web.simulator.errors import GraphError

MISSING = 131008
INVALID = 131009


def at(path: str, key: str) -> str:
    """Return the path of a member."""
    return f"{path}.{key}" if path else key


def need(parent: dict[str, Any], key: str, path: str, code: int = MISSING) -> Any:
    """Return a member that must be there."""
    if parent.get(key) is None:
        raise GraphError(code, f"{at(path, key)}: required")
    return parent[key]


def need_object(parent: dict[str, Any], key: str, path: str, code: int = MISSING) -> dict[str, Any]:
    """Return a member that must be an object."""
    value = need(parent, key, path, code)
    if not isinstance(value, dict):
        raise GraphError(INVALID, f"{at(path, key)}: must be an object")
    return value


def need_list(parent: dict[str, Any], key: str, path: str, *, least: int = 0, most: int | None = None) -> list[Any]:
    """Return a member that must be a list of so many entries."""
    value = need(parent, key, path)
    if not isinstance(value, list):
        raise GraphError(INVALID, f"{at(path, key)}: must be a list")
    if len(value) < least:
        raise GraphError(INVALID, f"{at(path, key)}: {len(value)} entries, at least {least}")
    if most is not None and len(value) > most:
        raise GraphError(INVALID, f"{at(path, key)}: {len(value)} entries, at most {most}")
    return value


def optional_list(parent: dict[str, Any], key: str, path: str) -> list[Any]:
    """Return a member that may be missing and otherwise must be a list."""
    return need_list(parent, key, path) if parent.get(key) is not None else []


def need_text(
    parent: dict[str, Any], key: str, path: str, *, limit: int, code: int = INVALID, missing: int = MISSING
) -> str:
    """Return a member that must be a string, not blank, of at most `limit` characters."""
    value = need(parent, key, path, missing)
    if not isinstance(value, str):
        raise GraphError(code, f"{at(path, key)}: must be a string")
    if not value.strip():
        raise GraphError(code, f"{at(path, key)}: must not be empty or blank")
    if len(value) > limit:
        raise GraphError(code, f"{at(path, key)}: {len(value)} characters, at most {limit}")
    return value


def optional_text(parent: dict[str, Any], key: str, path: str, *, limit: int, code: int = INVALID) -> str | None:
    """Return a member that may be missing and otherwise follows `need_text`."""
    return need_text(parent, key, path, limit=limit, code=code) if parent.get(key) is not None else None


def one_of(parent: dict[str, Any], key: str, path: str, allowed: tuple[str, ...], code: int = INVALID) -> str:
    """Return a member that must be one of the allowed words."""
    value = need(parent, key, path)
    if value not in allowed:
        raise GraphError(code, f"{at(path, key)}: must be one of {', '.join(allowed)}")
    return str(value)


def number_between(parent: dict[str, Any], key: str, path: str, low: float, high: float) -> float:
    """Return a member that must be a number, or a string holding one, between low and high."""
    value = need(parent, key, path)
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise GraphError(INVALID, f"{at(path, key)}: must be a number from {low:g} to {high:g}")
    return number


def web_link(parent: dict[str, Any], key: str, path: str) -> str:
    """Return a member that must be an http or https address."""
    value = need_text(parent, key, path, limit=2000)
    if not value.startswith(("http://", "https://")):
        raise GraphError(INVALID, f"{at(path, key)}: must start with http:// or https://")
    return value
