"""Reading: pages, single rows and counts, with the permission predicate inside the SQL."""
