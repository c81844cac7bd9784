"""The documentation: the site builds without warnings, and the examples on its pages run as shown."""
