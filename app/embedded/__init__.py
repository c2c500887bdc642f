"""Real services without Docker, the supervisor of processes and the engine of `make demo`.

For the demo and the tests only: nothing here may be imported by the broker's own processes. Needs the extra `embedded`.
"""
