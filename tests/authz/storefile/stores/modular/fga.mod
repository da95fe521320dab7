schema: '1.2'
contents:
  - core.fga
  - teams/wiki.fga
