"""File formats, a module each: reading, and writing where it is of use."""
