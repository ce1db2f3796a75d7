"""One file a resource; each route calls the service that does the work."""
