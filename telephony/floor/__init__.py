"""The inbound side: agents, queues, the route of a call, the ledger, recordings."""
