"""Who may ask a served version: API keys in a file, tokens of an identity provider."""
