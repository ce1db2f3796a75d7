"""Leader hotline days (领导接线日, Art. 6): announced, held, counted and certified."""
