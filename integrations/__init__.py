"""One folder for each outside system: `client.py` (the wire) and `adapter.py` (the port of `bot.ports`)."""
