"""Three-way calls (Art. 8) and coordination conferences (Art. 12): citizen, agent and units in one room."""
