"""Mail: queued in the transaction that causes it, rendered in the person's language, sent by a worker."""
