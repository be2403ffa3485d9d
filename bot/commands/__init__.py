"""What the terminal can be told, by what it is about; `bot.cli` lists it. All is imported with `--help`, so lazily."""
