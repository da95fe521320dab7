"""Everything that can answer permission questions, behind one Protocol."""
