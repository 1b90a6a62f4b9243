"""One module per environment; each holds only what differs from base."""
