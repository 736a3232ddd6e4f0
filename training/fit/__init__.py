"""From labelled examples to an artifact."""
