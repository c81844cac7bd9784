"""Tables, columns and encodings that reading and writing share."""
