"""An OpenAI-compatible proxy over the gateway's store: small, and whole. Run it with `python -m examples.gateway`."""
