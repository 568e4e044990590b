"""What an LLM gateway gets from its database. Today: its schema, in `sql/migrations`; nothing is exported yet."""

__all__: list[str] = []
