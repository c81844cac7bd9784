"""Text and files that strangers or secrets may be in: made safe before anybody reads them."""
