"""DBOS: durable execution inside the process, on an SQLite file of its own or in the bot's PostgreSQL.

`client.py` is the wire: how DBOS is configured, launched and closed, and what it writes down.
`adapter.py` implements the port `bot.ports.Durable` and imports DBOS (0.7 s) only when it is launched.
"""
