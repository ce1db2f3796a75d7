"""Puts the service together, room by room: `whole` lists the rooms, each file says what one is built of."""
