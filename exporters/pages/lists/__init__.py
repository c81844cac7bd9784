"""What the pages that list something of the whole fleet show."""
