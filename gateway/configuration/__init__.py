"""What the gateway offers: models, credentials, settings, and the copy in the memory of an instance."""
