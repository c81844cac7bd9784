"""Bills of materials of other tools, as claims about targets that other sources yield."""
