"""Files of labelled records: reading, writing, checking."""
