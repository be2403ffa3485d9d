"""The faces that people meet in Slack: listeners in, blocks out. Imports `bot`; nothing imports it but `bot.app`."""
