"""What is unusual in a file of samples: `llm-copilot detect`."""
