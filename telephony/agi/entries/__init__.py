"""What the dialplan may ask: one module for each AGI() call."""
