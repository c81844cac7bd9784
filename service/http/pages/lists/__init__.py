"""The pages that list one kind of thing of the whole fleet."""
