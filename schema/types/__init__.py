"""The types of the API: one file for each noun."""
