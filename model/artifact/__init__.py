"""What a fitted model is: its data, its files, its validation."""
