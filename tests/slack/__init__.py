"""The whole bot in a whole workspace: people say, click and fill, and see what comes of it."""
