"""The documentation: the site builds without warnings, and what its pages show runs and prints what they say."""
