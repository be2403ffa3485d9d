"""What stands between a wish and a deed: people, permissions, policies, limits, approvals, audit, redaction."""
