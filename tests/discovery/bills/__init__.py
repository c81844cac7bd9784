"""Bills of materials of other tools as claims."""
