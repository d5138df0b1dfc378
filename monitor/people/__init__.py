"""Who may do what: people, their sessions, API keys, roles, and the log of what they read and changed."""
