"""What the chat says no to, in words for the operator."""


class Refused(Exception):
    """What an operator asked for cannot be done; the text is for their eyes."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
