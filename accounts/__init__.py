"""Who is asking: people, groups, browser sessions and access tokens. What they may do is ``authz``'s question."""
