"""Tables, columns and the bytes in them: what reading and writing share."""
