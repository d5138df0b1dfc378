"""The channels that carry messages out: e-mail, webhook, Telegram. Each takes a message whole or says why not."""
