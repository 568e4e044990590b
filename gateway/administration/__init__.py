"""Who may use the gateway, and how that is changed: each change with its note in the audit."""
