"""The faces that people meet in Slack: listeners in, blocks out. Only `bot.floors` and `bot.commands` import them."""
