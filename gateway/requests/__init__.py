"""A request on its way: whether its key may be used, what it may use, and what it holds."""
