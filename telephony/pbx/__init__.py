"""Everything that speaks to Asterisk except AGI: AMI client, typed events, the journal, generated files."""
