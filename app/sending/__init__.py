"""What stands between a message and its POST: rates, circuits, deadlines, and the tries of one message."""
