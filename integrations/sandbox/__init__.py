"""Stand-ins that speak the real protocols, so that the bot cannot tell."""
