"""Applications in the shapes that the frameworks' documentation shows for streaming."""
