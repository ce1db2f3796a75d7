"""Telephony service of a city's 12345 hotline."""
