"""What requests cost: recorded on disk, written into the database once."""
