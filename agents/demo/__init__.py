"""The demo agent: an agent whose operators are people at the chat page."""
