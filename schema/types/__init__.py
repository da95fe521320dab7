"""The types of the API: one file for each noun.

A graph's types lead to each other in circles (an item has a drive, a drive has items), so the step from a row to its
object goes through ``nodes``, which knows them all. It is imported first, here, so that every type finds the others
whichever of them is asked for first.
"""

from schema.types import nodes as nodes
