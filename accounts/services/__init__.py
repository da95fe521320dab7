"""Who is asking, and the changes of accounts: one file per verb family."""
