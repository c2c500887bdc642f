"""The one error every room may raise: settings that cannot be used.

It stands here so that a driver can raise it without knowing where settings come from.
"""


class SettingsError(Exception):
    """Settings that cannot be used; the text names each variable and what is wrong with it."""
