"""Models of OpenAI, and of what speaks like it: vLLM and many others."""
