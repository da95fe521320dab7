"""What can be read: the fields of the root."""
