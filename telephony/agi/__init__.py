"""A door: the FastAGI server, its session, and one short module for each dialplan entry."""
