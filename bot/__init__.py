"""The brain: requests, operations, approvals and events. It knows neither Slack nor any one backend."""
