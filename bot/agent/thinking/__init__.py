"""The brain that thinks with a language model: it asks through the door, and says only what came out of it."""
