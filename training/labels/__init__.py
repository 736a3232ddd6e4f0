"""The label store, its jobs, and what to label next."""
