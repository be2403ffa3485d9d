"""What is known from before: threads, past work, and pages of knowledge."""
