"""A model that plays a script, behind Anthropic's Messages API and behind Chat Completions."""
